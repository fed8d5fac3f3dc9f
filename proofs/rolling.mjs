// npm run proof:rolling: three instances are restarted one after the other, three times, under load; nobody loses a call.
import { atMost, report } from '../bench/report.mjs';
import { proveRestarts } from './prove-restarts.mjs';

const { totals, twice } = await proveRestarts({ signal: 'SIGTERM', callerOptions: { retry: false } });
report('Proof: rolling restart', 'npm run proof:rolling', [
  atMost('failed calls', totals.failed + totals.wrong, 0, '', totals.how),
  atMost('orders executed twice', twice, 0, '', 'counted where they are executed'),
]);
