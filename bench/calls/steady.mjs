// A minute of steady load: nothing fails, and what is left on the heap after a collection does not grow.
import { progress } from '../../proofs/fleet.mjs';
import { atLeast, atMost } from '../report.mjs';
import { told, wait, withOrders } from './orders-fleet.mjs';
import { slopeOf } from './slope.mjs';

const RPS = 2_000;
const SECONDS = 60;
/** Compiled code, caches and windows of ten seconds are filled once; that is no slope. */
const WARM_S = 30;
const SAMPLE_MS = 2_500;

/** @returns {Promise<import('../report.mjs').Row[]>} */
export function measureSteady() {
  return withOrders({ instances: 2, caller: 'caller' }, async (members, caller) => {
    progress(`${SECONDS} s at ${RPS} calls a second, after ${WARM_S} s`);
    const processes = { caller, 'service 1': members[0], 'service 2': members[1] };
    await told(caller.ask({ what: 'load', rps: RPS, seconds: WARM_S }));
    const loading = told(caller.ask({ what: 'load', rps: RPS, seconds: SECONDS }));
    const startedMs = performance.now();
    /** @type {{ who: string, atMin: number, value: number }[]} */
    const samples = [];
    while (performance.now() - startedMs < SECONDS * 1_000 - SAMPLE_MS) {
      for (const [who, one] of Object.entries(processes)) {
        const { heapMb } = await told(/** @type {import('../../proofs/fleet.mjs').Member} */ (one).ask({ what: 'memory' }));
        samples.push({ who, atMin: (performance.now() - startedMs) / 60_000, value: heapMb });
      }
      await wait(SAMPLE_MS);
    }
    const totals = await loading;
    const slopes = Object.keys(processes).map((who) => {
      const own = samples.filter((sample) => sample.who === who);
      const [first, last] = [own[0], own.at(-1)];
      return { slope: slopeOf(own), how: `${who}: ${first?.value.toFixed(1)} → ${last?.value.toFixed(1)} MB` };
    });
    for (const [failure, count] of Object.entries(totals.failures)) progress(`${count} × ${failure}`);
    const how = `${totals.sent} calls, ${totals.answered} answered, ${totals.counters.retries} retries, p99 ${totals.p99.toFixed(1)} ms`;
    return [
      atMost(`${SECONDS} s at 2,000 rps: errors`, totals.failed + totals.wrong, 0, '', how),
      atLeast('the same: calls a second', totals.sent / totals.seconds, 0.95 * RPS, '', ''),
      atMost(
        'the same: heap slope, the steepest of the caller and two services',
        Math.max(...slopes.map(({ slope }) => slope)),
        1,
        'MB/min',
        slopes.map(({ how, slope }) => `${how} (${slope.toFixed(2)}/min)`).join(', '),
      ),
    ];
  });
}
