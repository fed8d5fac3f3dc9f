// One instance of three turns slow, or fails at once: how much of the load it still gets, and what that does to all calls.
import { progress } from '../../proofs/fleet.mjs';
import { atMost } from '../report.mjs';
import { told, wait, withOrders } from './orders-fleet.mjs';

const RPS = 600;
const WORK_MS = 5;
const SLOWER_MS = 500;
/** Until then it may be found out. */
const FOUND_OUT_S = 5;
const SECONDS = 15;

/** @typedef {import('../../proofs/fleet.mjs').Member} Member */

/** @param {string} what @param {(odd: Member) => Promise<unknown>} turnOdd */
function measureOdd(what, turnOdd) {
  return withOrders({ instances: 3, caller: 'caller' }, async (members, caller) => {
    progress(`one of three instances ${what}`);
    await Promise.all(members.map((one) => one.ask({ what: 'slow', byMs: WORK_MS })));
    await told(caller.ask({ what: 'load', rps: RPS, seconds: 4 }));
    const without = await told(caller.ask({ what: 'load', rps: RPS, seconds: SECONDS }));
    if (without.failed > 0) throw new Error(`${without.failed} calls failed while all were well`);
    await turnOdd(/** @type {Member} */ (members[0]));
    const loading = told(caller.ask({ what: 'load', rps: RPS, seconds: SECONDS }));
    await wait(FOUND_OUT_S * 1_000);
    const before = await handledBy(members);
    const totals = await loading;
    const after = await handledBy(members);
    const [odd = 0, ...others] = after.map((count, index) => count - /** @type {number} */ (before[index]));
    const all = others.reduce((sum, count) => sum + count, odd);
    if (all < 0.9 * RPS * (SECONDS - FOUND_OUT_S))
      throw new Error(`only ${all} calls reached the instances after ${FOUND_OUT_S} s`);
    return { without, totals, sharePercent: (odd * 100) / all, how: `${odd} of ${all} calls, at ${RPS} a second` };
  });
}

/** @param {Member[]} members @returns {Promise<number[]>} */
const handledBy = (members) => Promise.all(members.map((one) => told(one.ask({ what: 'handled' }))));

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureSlowInstance() {
  const { without, totals, sharePercent, how } = await measureOdd('answers 500 ms later', (odd) =>
    odd.ask({ what: 'slow', byMs: WORK_MS + SLOWER_MS }),
  );
  const p99s = `${totals.p99.toFixed(1)} ms in the ${SECONDS} s from the moment it turned slow : ${without.p99.toFixed(1)} ms before`;
  return [
    atMost(`one instance +${SLOWER_MS} ms: its share after ${FOUND_OUT_S} s`, sharePercent, 5, '%', how),
    atMost('the same: p99 of all calls : p99 without it', totals.p99 / without.p99, 2, '', p99s),
    atMost('the same: failed calls', totals.failed + totals.wrong, 0, '', `${totals.sent} calls`),
  ];
}

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureFailingInstance() {
  const { totals, sharePercent, how } = await measureOdd('answers 500 at once', (odd) => odd.ask({ what: 'fail', isDown: true }));
  const note = `${how}; ${totals.failed} failed in all, a 500 is not repeated`;
  return [atMost(`one instance answers 500 at once: its share after ${FOUND_OUT_S} s`, sharePercent, 2, '%', note)];
}
