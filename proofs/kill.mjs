// npm run proof:kill: three instances are killed one after the other, three times, under load.
import { atMost, forComparison, report } from '../bench/report.mjs';
import { proveRestarts } from './prove-restarts.mjs';

const { totals, twice } = await proveRestarts({ signal: 'SIGKILL', callerOptions: {} });
report('Proof: kill', 'npm run proof:kill', [
  atMost('failed GETs', totals.getsFailed + totals.wrong, 0, '', totals.how),
  atMost('POSTs executed twice', twice, 0, '', 'counted where they are executed'),
  forComparison('POSTs that failed: they may have been executed, so they are not repeated', totals.postsFailed, '', ''),
]);
