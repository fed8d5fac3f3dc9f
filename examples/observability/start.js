// Three services, a scraper and a receiver of traces, all real processes: what one request leaves behind, and whether it fits together.
// `npm run example:observability`, or `-- grpc` to have traces sent over gRPC.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startReceiver } from './otlp-receiver.js';
import { waterfall } from './waterfall.js';

const PATIENCE_MS = 30_000;
const REQUESTS = 20;
const SETTLE_MS = 5_000;
const isGrpc = process.argv.includes('grpc');
const hasColours = process.stdout.isTTY === true;
const closers = [];
const rows = [];

/** @param {number | undefined} value `undefined`: it was not looked at */
function row(name, value, target, note = '') {
  rows.push({ name, value, target, isMet: value === target, note });
}

async function until(what, look) {
  const endsAt = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endsAt) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await pause(50);
  }
}

/** Starts a service with the SDK before it, and reads its log. */
async function start(name, peers, receiver, lines) {
  const program = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const child = spawn(process.execPath, ['--import', '@express-micro/observability/register', program], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'http',
      EXPRESS_DISCOVERY_KEY: 'the-key-of-this-example',
      EXPRESS_MICRO_PEERS: peers,
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_PROTOCOL: isGrpc ? 'grpc' : 'http/protobuf',
      OTEL_EXPORTER_OTLP_ENDPOINT: isGrpc ? receiver.grpc : receiver.http,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  closers.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let rest = '';
  let url;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const all = (rest + text).split('\n');
    rest = all.pop();
    for (const line of all) {
      url = /^ready (\S+)/.exec(line)?.[1] ?? url;
      if (line.startsWith('{')) lines.push(JSON.parse(line));
    }
  });
  return until(`${name} is ready`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it was ready`);
    return url;
  });
}

/** A Prometheus that scrapes every second; `undefined` where there is none. */
async function startPrometheus(targets) {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-prometheus-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: Object.entries(targets).map(([job, url]) => ({
      job_name: job,
      static_configs: [{ targets: [new URL(url).host] }],
    })),
  };
  writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config)); // JSON is YAML
  const port = await freePort();
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn('prometheus', args, { stdio: 'ignore' });
  // `once(child, 'spawn')` would reject on an error, and that is an answer here.
  const hasStarted = await new Promise((resolve) => {
    child.once('spawn', () => resolve(true));
    child.once('error', () => resolve(false));
  });
  if (!hasStarted) return undefined;
  const ended = once(child, 'exit');
  closers.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return async (query) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => undefined);
    if (answer?.ok !== true) return [];
    return (await answer.json()).data.result.map(({ metric, value }) => ({ ...metric, value: Number(value[1]) }));
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function checkout(shop, item) {
  const response = await fetch(`${shop}/checkout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ item, count: 1 }),
  });
  await response.text();
  return { status: response.status, requestId: response.headers.get('x-request-id') };
}

/** All spans of the trace that a request belongs to, once the last of them is here. */
async function traceOf({ requestId }, receiver, wanted) {
  const root = () =>
    receiver.spans.find(({ kind, attributes }) => kind === 'server' && attributes['express_micro.request_id'] === requestId);
  return until(`the trace of ${requestId}`, () => {
    const all = receiver.spans.filter(({ traceId }) => traceId === root()?.traceId);
    return all.filter(({ kind }) => kind === 'server').length >= wanted && all;
  });
}

function orphansIn(spans) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId));
}

function print(title, spans) {
  console.log(`\n${title}\n`);
  for (const line of waterfall(spans, { hasColours })) console.log(`  ${line}`);
}

async function main() {
  const receiver = await startReceiver();
  closers.push(() => receiver.close());
  const lines = [];
  const stock = await start('stock', '', receiver, lines);
  const orders = await start('orders', stock, receiver, lines);
  const shop = await start('shop', orders, receiver, lines);
  console.log(`three services are up; traces go to a receiver over ${isGrpc ? 'gRPC' : 'HTTP'}`);

  await checkout(shop, 'keyboard');
  const good = await checkout(shop, 'keyboard');
  const broken = await checkout(shop, 'meteorite');
  for (let n = 3; n < REQUESTS; n++) await checkout(shop, 'keyboard');

  const sentAt = Date.now();
  const trace = await traceOf(good, receiver, 3);
  print('one checkout, as it went through three services', trace);
  const failure = await traceOf(broken, receiver, 3);
  print('one that broke', failure);

  row('services in the trace of one request', new Set(trace.map(({ service }) => service)).size, 3);
  // Each process sends what it has ten times a second, and not all at the same moment.
  const settled = await until('every span is here', () => {
    const roots = receiver.spans.filter(({ name }) => name === 'POST /checkout');
    return roots.length === REQUESTS && (orphansIn(receiver.spans).length === 0 || Date.now() > sentAt + SETTLE_MS);
  });
  row(
    'spans whose parent is nowhere, in all traces',
    settled && orphansIn(receiver.spans).length,
    0,
    `of ${receiver.spans.length}`,
  );
  const calls = trace.filter(({ kind }) => kind === 'client');
  row(
    'calls whose span is the parent of what served them',
    calls.filter(({ spanId }) => trace.some((span) => span.kind === 'server' && span.parentSpanId === spanId)).length,
    calls.length,
  );
  row(
    'services that say what broke',
    new Set(failure.filter(({ kind, isError }) => kind === 'server' && isError).map(({ service }) => service)).size,
    3,
  );
  const own = await until('the log of that request', () => {
    const found = lines.filter(({ requestId }) => requestId === good.requestId);
    return new Set(found.map(({ service }) => service)).size === 3 && found;
  });
  row(
    'log lines of it with another trace',
    own.filter(({ trace_id: id }) => id !== trace[0].traceId).length,
    0,
    `of ${own.length} lines in three services`,
  );

  const ask = await startPrometheus({ stock, orders, shop });
  if (ask === undefined) {
    const how = 'there is no prometheus on this machine: apt-get install prometheus';
    row('services that a real Prometheus scrapes', undefined, 3, how);
    row('checkouts that it counts', undefined, REQUESTS, how);
  } else {
    const up = await until('Prometheus has scraped them', async () => {
      const found = (await ask('up')).filter(({ value }) => value === 1);
      return found.length === 3 && found.length;
    });
    row('services that a real Prometheus scrapes', up, 3);
    const count = await until('it has the numbers', async () => {
      const found = await ask('sum(http_request_duration_seconds_count{job="shop",route="/checkout"})');
      return found[0]?.value;
    });
    row('checkouts that it counts', count, REQUESTS);
  }
}

try {
  await main();
} finally {
  for (const close of closers.reverse()) await close();
}
console.log('');
for (const { name, value, target, isMet, note } of rows) {
  const verdict = value === undefined ? 'not run' : isMet ? 'met' : 'missed';
  console.log(
    `  ${name.padEnd(52)} ${String(value ?? '–').padStart(4)}  (target ${target})  ${verdict}${note === '' ? '' : `  ${note}`}`,
  );
}
const met = rows.filter(({ isMet }) => isMet).length;
console.log(`\nexample:observability: ${met} of ${rows.length} met`);
process.exitCode = met === rows.length ? 0 : 1;
