// npm run proof:overload: three times more calls than a service can serve; it goes on serving what it can.
import { atLeast, atMost, forComparison, report } from '../bench/report.mjs';
import { IN_FLIGHT, proveOverload } from './prove-overload.mjs';

const { over, peak, peakRps, shed, goodput, p99 } = await proveOverload();
const how = `${over.sent} calls in ${over.seconds.toFixed(0)} s, ${over.answered} answered, ${shed} shed, p99 ${over.p99.toFixed(0)} ms`;
const howPeak = `at the peak ${peakRps.toFixed(0)} a second with ${IN_FLIGHT} under way, p99 ${peak.p99.toFixed(0)} ms`;
report('Proof: overload', 'npm run proof:overload', [
  atLeast('goodput at 3 times the peak : the peak', goodput, 0.8, '', how),
  atMost('p99 of what is accepted : p99 at the peak', p99, 2, '', howPeak),
  forComparison('calls shed', shed, '', 'refused before anything of the app ran'),
]);
