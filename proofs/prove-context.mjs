// Three services, one of which speaks HTTP and the others links, and requests that cross them in random ways: whether each line
// of their logs and each span of their traces knows whose it is.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './fleet.mjs';
import { WAYS } from './programs/wanderer.cjs';

/** @typedef {import('./programs/wanderer.cjs').Step} Step */
/** @typedef {{ service: string, steps: Step[] }} Walk */
/** @typedef {Record<string, any>} Line */

const { startReceiver } = await import(new URL('../examples/observability/otlp-receiver.js', import.meta.url).href);
const SERVICES = ['one', 'two', 'three'];
const REGISTER = '@express-micro/observability/register';

/** The same walks in every run (mulberry32). @param {number} seed */
function chanceFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * What a request does, and what must be seen of it: in each service a line for each step, a span for each request, call and own span.
 * @param {() => number} chance @param {string} service @param {number} depth @param {readonly string[]} ways
 */
function plan(chance, service, depth, ways) {
  /** @type {(list: readonly string[]) => string} */
  const oneOf = (list) => /** @type {string} */ (list[Math.floor(chance() * list.length)]);
  /** @type {Step[]} */
  const steps = [];
  // The request: its span; the lines "finished" and of the access log.
  const seen = { spans: 1, lines: 2, calls: 0 };
  for (let left = 1 + Math.floor(chance() * 3); left > 0; left--) {
    const spans = chance() < 0.3;
    steps.push({ way: oneOf(ways), spans });
    seen.lines += 1;
    if (spans) seen.spans += 1;
  }
  if (depth > 0 && chance() < 0.7) {
    const calls = Array.from({ length: chance() < 0.3 ? 2 : 1 }, () => {
      const other = oneOf(SERVICES);
      const theirs = plan(chance, other, depth - 1, ways);
      seen.spans += 1 + theirs.seen.spans;
      seen.lines += theirs.seen.lines;
      seen.calls += 1 + theirs.seen.calls;
      return { service: other, steps: theirs.steps };
    });
    seen.lines += 1;
    steps.push({ way: undefined, calls });
  }
  return { service, steps, seen };
}

/** @param {'import' | 'require'} kind @param {{ http: string, grpc: string }} receiver @param {(line: Line) => void} onLine */
function createProcesses(kind, receiver, onLine) {
  const key = randomBytes(32).toString('base64url');
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  const program = fileURLToPath(
    new URL(`./programs/wanderer-${kind === 'import' ? 'import.mjs' : 'require.cjs'}`, import.meta.url),
  );
  const endAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', endAll);
  return {
    children,
    /** @param {string} service @param {readonly string[]} peers */
    async start(service, peers) {
      const child = fork(program, [], {
        execArgv: [`--${kind}`, REGISTER],
        env: {
          PATH: process.env.PATH ?? '',
          NODE_ENV: 'production',
          EXPRESS_DISCOVERY_KEY: key,
          EXPRESS_MICRO_PEERS: peers.join(','),
          LOG_LEVEL: 'http',
          SERVICE: service,
          // Calls to `three`, and from it, go over HTTP; between the others over a link; a service calls itself within its process.
          TRANSPORT: service === 'three' ? 'http' : '',
          OTEL_SERVICE_NAME: service,
          OTEL_EXPORTER_OTLP_PROTOCOL: kind === 'import' ? 'http/protobuf' : 'grpc',
          OTEL_EXPORTER_OTLP_ENDPOINT: kind === 'import' ? receiver.http : receiver.grpc,
          OTEL_BSP_SCHEDULE_DELAY: '100',
          // Three processes on two cores make spans faster than they are sent, and none may be lost here.
          OTEL_BSP_MAX_QUEUE_SIZE: '1000000',
        },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      children.push(child);
      createInterface({ input: /** @type {NodeJS.ReadableStream} */ (child.stdout) }).on('line', (text) => {
        if (text.startsWith('{')) onLine(JSON.parse(text));
      });
      const [{ url }] = await once(child, 'message');
      return /** @type {string} */ (url);
    },
    async ready() {
      for (const child of children) {
        child.send({ ready: SERVICES });
        await once(child, 'message');
      }
    },
    async end() {
      for (const child of children.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      process.off('exit', endAll);
    },
  };
}

/**
 * @param {{ requests: number, kind: 'import' | 'require', seed?: number, atOnce?: number, ways?: readonly string[] }} options
 */
export async function proveContext({ requests, kind, seed = 20_260_101, atOnce = 100, ways = WAYS }) {
  const chance = chanceFrom(seed);
  const receiver = await startReceiver();
  /** @type {Line[]} */
  const lines = [];
  const processes = createProcesses(kind, receiver, (line) => void lines.push(line));
  try {
    /** @type {Record<string, string>} */
    const urls = {};
    for (const service of SERVICES) urls[service] = await processes.start(service, Object.values(urls));
    await processes.ready();

    /** @type {Map<string, ReturnType<typeof plan>['seen']>} */
    const expected = new Map();
    let failed = 0;
    let sent = 0;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (sent < requests) {
          const id = `r-${sent++}`;
          const { service, steps, seen } = plan(chance, /** @type {string} */ (SERVICES[sent % SERVICES.length]), 2, ways);
          expected.set(id, seen);
          const response = await fetch(`${urls[service]}/walks`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-request-id': id },
            body: JSON.stringify({ id, steps }),
          });
          await response.text();
          if (response.status !== 200) failed += 1;
        }
      }),
    );
    const sum = (/** @type {'spans' | 'lines' | 'calls'} */ of) =>
      [...expected.values()].reduce((all, seen) => all + seen[of], 0);
    const wanted = { spans: sum('spans'), lines: sum('lines'), calls: sum('calls') };
    // What is too many would come at the end, so the end is waited for.
    const isOf = (/** @type {Line} */ line) => line.own !== undefined || line.path === '/walks' || line.url === '/walks';
    await until('every span and line has come', () => receiver.spans.length >= wanted.spans, 60_000).catch(() => {});
    await processes.end();
    const told = lines.filter(isOf);
    return { failed, wanted, ...judge(expected, receiver.spans, told) };
  } finally {
    await processes.end().catch(() => {});
    receiver.close();
  }
}

/** @param {Map<string, { spans: number, lines: number }>} expected @param {any[]} spans @param {Line[]} lines */
export function judge(expected, spans, lines) {
  const byId = new Map(spans.map((span) => [`${span.traceId}${span.spanId}`, span]));
  const roots = new Map();
  for (const span of spans)
    if (span.parentSpanId === undefined && span.kind === 'server')
      roots.set(span.attributes['express_micro.request_id'], span.traceId);
  const requestOf = new Map([...roots].map(([id, traceId]) => [traceId, id]));

  const counts = {
    orphans: 0,
    strangers: 0,
    wrongCounts: 0,
    linesMissing: 0,
    linesWithoutId: 0,
    linesOfAnother: 0,
    linesOfAnotherTrace: 0,
  };
  /** @type {Record<string, number>} */
  const transports = {};
  /** @type {Map<string, { spans: number, lines: number }>} */
  const seen = new Map([...expected.keys()].map((id) => [id, { spans: 0, lines: 0 }]));
  for (const span of spans) {
    const { traceId, parentSpanId, kind, attributes } = span;
    // A call whose context was lost begins a trace of its own, and has no parent to miss.
    const isRoot = kind === 'server' && parentSpanId === undefined;
    if (!isRoot && !byId.has(`${traceId}${parentSpanId}`)) counts.orphans += 1;
    const id = requestOf.get(traceId);
    const own = attributes['express_micro.request_id'] ?? attributes.own;
    if (id === undefined || own !== id) counts.strangers += 1;
    const of = seen.get(id);
    if (of !== undefined) of.spans += 1;
    const transport = attributes['express_micro.transport'];
    if (transport !== undefined) transports[transport] = (transports[transport] ?? 0) + 1;
  }
  for (const line of lines) {
    const id = line.own ?? line.requestId;
    if (line.requestId === undefined) counts.linesWithoutId += 1;
    else if (line.requestId !== id) counts.linesOfAnother += 1;
    if (byId.get(`${line.trace_id}${line.span_id}`) === undefined || requestOf.get(line.trace_id) !== id)
      counts.linesOfAnotherTrace += 1;
    const of = seen.get(id);
    if (of !== undefined) of.lines += 1;
  }
  for (const [id, { spans: count, lines: told }] of seen) {
    const aim = /** @type {{ spans: number, lines: number }} */ (expected.get(id));
    if (count !== aim.spans) counts.wrongCounts += 1;
    if (told !== aim.lines) counts.linesMissing += 1;
  }
  return { ...counts, spans: spans.length, lines: lines.length, transports };
}
