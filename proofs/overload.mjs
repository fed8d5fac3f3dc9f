// npm run proof:overload: three times more calls than a service can serve; it goes on serving what it can.
import { atLeast, atMost, forComparison, report } from '../bench/report.mjs';
import { IN_FLIGHT, proveOverload } from './prove-overload.mjs';

const rows = [];
for (const [transport, way] of /** @type {const} */ ([
  ['auto', 'over a link'],
  ['http', 'over HTTP'],
])) {
  const { over, peak, peakRps, shed, goodput, p99 } = await proveOverload({ transport });
  const how = `${over.sent} calls in ${over.seconds.toFixed(0)} s, ${over.answered} answered, p50 ${over.p50.toFixed(0)}, p99 ${over.p99.toFixed(0)} ms`;
  const howPeak = `at the peak ${peakRps.toFixed(0)} a second with ${IN_FLIGHT} under way, p50 ${peak.p50.toFixed(0)}, p99 ${peak.p99.toFixed(0)} ms`;
  rows.push(atLeast(`${way}: goodput at 3 times the peak : the peak`, goodput, 0.8, '', how));
  rows.push(atMost('the same: p99 of what is accepted : p99 at the peak', p99, 2, '', howPeak));
  rows.push(forComparison('the same without the first second', over.steadyP99 / peak.p99, '', 'in it the overload is found out'));
  rows.push(forComparison('the same: calls refused before they were sent', over.counters.bulkheadRefused, '', 'MESH_OVERLOADED'));
  rows.push(forComparison('the same: refused by the service', shed, '', '503, before anything of the app ran'));
}
report('Proof: overload', 'npm run proof:overload', rows);
