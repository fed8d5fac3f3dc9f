// npm run fuzz [-- --seconds 60] [-- --seed 42] [-- "link frames" …]: every parser of what comes over the network, with inputs that are right,
// nearly right, and nothing of the kind. The time is shared by all of them; a seed plays the same inputs again.
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundleParsers } from './bundle.mjs';
import { loadParsers } from './parsers.mjs';

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {number} runs
 * @property {number} tookMs
 * @property {string} [failure] what did not hold, with the smallest input that shows it
 */

/** Longer than any input may take, shrinking included. */
const PATIENCE_MS = 60_000;

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const seconds = wholeNumber('seconds', values.seconds, 1);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0);

/** @param {string} name @param {string} text @param {number} least */
function wholeNumber(name, text, least) {
  if (/^\d{1,10}$/.test(text) && Number(text) >= least) return Number(text);
  console.error(`--${name} takes a whole number from ${least} on, not "${text}".`);
  process.exit(1);
}

await bundleParsers();
const all = (await loadParsers()).parsers.map(({ name }) => name);
const unknown = positionals.find((name) => !all.includes(name));
if (unknown !== undefined) {
  console.error(`There is no parser "${unknown}". There are: ${all.join(', ')}.`);
  process.exit(1);
}
const chosen = positionals.length === 0 ? all : positionals;
const lanes = Math.min(availableParallelism(), chosen.length);
const limitMs = Math.max(200, (seconds * 1_000 * lanes) / chosen.length);
console.log(`seed ${seed}: ${chosen.length} parsers, ${(limitMs / 1_000).toFixed(1)} s each, ${lanes} at a time`);

const waiting = [...chosen];
/** @type {Result[]} */
const results = [];
await Promise.all(
  Array.from({ length: lanes }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await fuzz(name);
      results.push(result);
      const rate = ((result.runs / result.tookMs) * 1_000).toFixed(0);
      console.log(`${result.failure === undefined ? 'ok    ' : 'FAILED'}  ${name}: ${result.runs} inputs, ${rate} a second`);
      if (result.failure !== undefined) console.log(result.failure);
    }
  }),
);

/** In a thread of its own: a parser that does not come back is a finding too. @param {string} name @returns {Promise<Result>} */
function fuzz(name) {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { name, seed, limitMs } });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void worker.terminate();
      resolve({
        name,
        runs: 0,
        tookMs: 1,
        failure: `it did not come back in ${PATIENCE_MS / 1_000} s after its time; seed ${seed}`,
      });
    }, limitMs + PATIENCE_MS);
    worker.once('message', (result) => {
      clearTimeout(timer);
      resolve(result);
    });
    worker.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

const runs = results.reduce((sum, result) => sum + result.runs, 0);
const failed = results.filter(({ failure }) => failure !== undefined);
const idle = results.filter((result) => result.runs === 0 && result.failure === undefined);
console.log(`\n${runs} inputs, ${failed.length} of ${results.length} parsers failed; seed ${seed}`);
if (idle.length > 0) console.log(`nothing ran: ${idle.map(({ name }) => name).join(', ')}`);
if (failed.length > 0 || idle.length > 0 || runs === 0 || results.length === 0) process.exitCode = 1;
