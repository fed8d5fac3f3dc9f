// More than can be served: an outage and what comes after it, and three times the load that a service can take.
import { OUTAGES, proveOutage } from '../../proofs/prove-outage.mjs';
import { proveOverload } from '../../proofs/prove-overload.mjs';
import { atLeast, atMost } from '../report.mjs';

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureOutages() {
  const rows = [];
  for (const name of Object.keys(OUTAGES)) {
    const { totals, attempts, recoveryMs } = await proveOutage(name);
    const { sent, answered, failed, counters } = totals;
    const how = `${sent} calls, ${answered} answered, ${failed} failed, ${counters.retries} retries`;
    rows.push(
      atMost(`outage of 10 s at 80 % load, ${name}: attempts a call`, attempts, 1.25, '', how),
      atMost('the same: time to 95 % goodput', recoveryMs, 3_000, 'ms', ''),
    );
  }
  return rows;
}

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureOverload() {
  const { over, peak, peakRps, shed, goodput, p99 } = await proveOverload();
  const how = `${over.sent} calls in ${over.seconds.toFixed(0)} s, ${over.answered} answered, ${shed} shed`;
  const howPeak = `${over.p99.toFixed(0)} ms : ${peak.p99.toFixed(0)} ms at ${peakRps.toFixed(0)} a second`;
  return [
    atLeast('3× overload: goodput : peak', goodput, 0.8, '', how),
    atMost('the same: p99 of what is accepted : p99 at the peak', p99, 2, '', howPeak),
  ];
}
