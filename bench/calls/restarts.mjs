// Three instances are restarted in turn under load, three times: gently with retries off, and by kill -9.
import { proveRestarts } from '../../proofs/prove-restarts.mjs';
import { atMost } from '../report.mjs';

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureRestarts() {
  const rolling = await proveRestarts({ signal: 'SIGTERM', callerOptions: { retry: false } });
  const killed = await proveRestarts({ signal: 'SIGKILL', callerOptions: {} });
  return [
    atMost(
      'rolling restart of 3 instances, 3 times, 1,000 rps GET and POST, retries off: failed',
      rolling.totals.failed + rolling.totals.wrong,
      0,
      '',
      rolling.totals.how,
    ),
    atMost(
      'the same with kill -9, retries on: GETs failed',
      killed.totals.getsFailed + killed.totals.wrong,
      0,
      '',
      killed.totals.how,
    ),
    atMost(
      'the same: POSTs executed twice',
      killed.twice,
      0,
      '',
      `counted where they are executed; ${killed.totals.postsFailed} failed and may have been executed, so they were not repeated`,
    ),
  ];
}
