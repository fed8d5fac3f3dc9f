import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/**
 * A few workers that share a list of pieces. Nothing in a piece depends on which of them runs it, nor when.
 * @param {string} simulator address of the bundle
 */
export function createWorkers(simulator) {
  const workers = Array.from({ length: availableParallelism() }, () => {
    return new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { simulator } });
  });
  let number = 0;

  /** @param {Worker} worker @param {{ what: string, args: readonly unknown[] }} piece @returns {Promise<any>} */
  function run(worker, { what, args }) {
    number += 1;
    const mine = number;
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', function onMessage(message) {
        if (message.number !== mine) return;
        worker.off('message', onMessage);
        worker.off('error', reject);
        if (message.error === undefined) resolve(message.result);
        else reject(new Error(`${what}(${args.join(', ')}): ${message.error}`));
      });
      worker.postMessage({ number: mine, what, args });
    });
  }

  return {
    /**
     * @param {string} what @param {readonly (readonly unknown[])[]} list arguments of each piece
     * @param {(done: number) => void} onDone
     * @returns {Promise<any[]>} results in the order of the list
     */
    async runAll(what, list, onDone = () => {}) {
      /** @type {any[]} */
      const results = new Array(list.length);
      let next = 0;
      let done = 0;
      const work = async (/** @type {Worker} */ worker) => {
        while (next < list.length) {
          const at = next++;
          results[at] = await run(worker, { what, args: list[at] ?? [] });
          done += 1;
          onDone(done);
        }
      };
      await Promise.all(workers.map(work));
      return results;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
