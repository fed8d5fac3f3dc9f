// npm run proof:outage: what the services stand on is away for ten seconds, at 80 % of what they can do; how soon is all well again?
import { atMost, report } from '../bench/report.mjs';
import { OUTAGES, proveOutage } from './prove-outage.mjs';

const rows = [];
const [hanging = ''] = Object.keys(OUTAGES);
const cases = [...Object.keys(OUTAGES).map((name) => ({ name, apartMs: 0 })), { name: hanging, apartMs: 100 }];
for (const { name, apartMs } of cases) {
  const { totals, attempts, recoveryMs } = await proveOutage(name, { apartMs });
  const { sent, answered, failed, counters } = totals;
  const how = `${sent} calls, ${answered} answered, ${failed} failed, ${counters.retries} retries, ${counters.ejections} ejections`;
  const apart = apartMs === 0 ? '' : `, ${apartMs} ms sooner for one of the two`;
  rows.push(atMost(`${name}${apart}: attempts a call`, attempts, 1.25, '', how));
  rows.push(atMost('the same: time to 95 % goodput after it ended', recoveryMs, 3_000, 'ms', ''));
}
report('Proof: outage', 'npm run proof:outage', rows);
