// One side of one kind, in a process of its own: serves, or makes rounds of calls on demand and tells their time and CPU.
import { assertOrderOf, isOrderOf } from './answer.mjs';

const [, , side, kind, mode, address] = process.argv;
const IN_FLIGHT = 64;

/** @type {(userId: number) => Promise<unknown>} */
let call;

/** Waited for by whoever calls it, and not in a function of its own: one more promise is a good part of the quickest call. */
function check(userId, order) {
  if (!isOrderOf(userId, order)) throw new Error(`asked for ${userId}, got ${JSON.stringify(order)}`);
}

/** @param {number} calls */
async function together(calls) {
  let next = 0;
  let right = 0;
  const work = async () => {
    while (next < calls) {
      const userId = next++;
      check(userId, await call(userId));
      right += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  if (right !== calls) throw new Error(`${calls} calls were made, and ${right} answered`);
}

/** @param {number} calls @returns {Promise<number[]>} milliseconds of each */
async function oneByOne(calls) {
  const times = [];
  for (let at = 0; at < calls; at++) {
    const startedAt = performance.now();
    check(at, await call(at));
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** @param {{ calls?: number, oneByOne?: number }} wanted nothing: the CPU time of this side until now */
async function answer(wanted) {
  try {
    if (wanted.oneByOne !== undefined) return process.send?.({ times: await oneByOne(wanted.oneByOne) });
    if (wanted.calls === undefined) return process.send?.({ cpu: process.cpuUsage() });
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await together(wanted.calls);
    process.send?.({ ms: performance.now() - startedAt, cpu: process.cpuUsage(before) });
  } catch (error) {
    process.send?.({ error: error.stack, code: error.code });
  }
}

process.on('message', (wanted) => void answer(wanted));
process.on('disconnect', () => process.exit(0));
try {
  const peer = await import(`./kinds/${kind}.mjs`);
  if (side === 'server') {
    process.send?.({ address: await peer.serve(mode) });
  } else {
    call = await peer.connect(address, mode);
    assertOrderOf(123, await call(123));
    process.send?.({});
  }
} catch (error) {
  process.send?.({ error: error.stack, code: error.code });
}
