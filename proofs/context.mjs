// npm run proof:context: requests that cross three services in every way that Node could lose a context over; each line of the
// logs and each span of the traces knows whose it is, in both kinds of modules.
import { atLeast, atMost, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';
import { proveContext } from './prove-context.mjs';

const REQUESTS = 10_000;
const KINDS = /** @type {const} */ ({ import: 'ES modules, OTLP over HTTP', require: 'CommonJS, OTLP over gRPC' });

const rows = [];
for (const [kind, name] of Object.entries(KINDS)) {
  progress(`${REQUESTS} requests, ${name}`);
  const seen = await proveContext({ requests: REQUESTS, kind: /** @type {keyof typeof KINDS} */ (kind) });
  const { transports, wanted } = seen;
  const ways = ['link', 'http', 'in-process'].map((way) => `${way} ${transports[way] ?? 0}`).join(', ');
  rows.push(
    atLeast(`${name}: requests answered with 200`, REQUESTS - seen.failed, REQUESTS, ''),
    atLeast('calls between services', wanted.calls, REQUESTS, '', ways),
    atLeast('the way least taken', Math.min(...['link', 'http', 'in-process'].map((way) => transports[way] ?? 0)), 500, 'calls'),
    atMost('spans whose parent is nowhere', seen.orphans, 0, '', `of ${seen.spans}`),
    atMost('spans in the trace of another request', seen.strangers, 0, ''),
    atMost('requests with more or fewer spans than they made', seen.wrongCounts, 0, '', `${wanted.spans} expected`),
    atMost('log lines without a request id', seen.linesWithoutId, 0, '', `of ${seen.lines}`),
    atMost('log lines with that of another', seen.linesOfAnother, 0, ''),
    atMost('log lines with another trace, or a span that is none', seen.linesOfAnotherTrace, 0, ''),
    atMost('requests with more or fewer lines than they wrote', seen.linesMissing, 0, '', `${wanted.lines} expected`),
  );
}
report('Proof: context', 'npm run proof:context', rows);
