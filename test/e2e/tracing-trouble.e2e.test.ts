import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, newKey, REPOSITORY, startProgram, testFolder, until } from './processes.test-support.ts';
import { startReceiver, traceOf } from './receiver.test-support.ts';
import { request } from './services.test-support.ts';
import { KINDS, launchTraced, startTraced } from './tracing.test-support.ts';

const ask = (url: string, id: string, route = '/answers') => request(`${url}${route}`, { headers: { 'x-request-id': id } });
const warnings = (text: string) => text.split('\n').filter((line) => line.includes('traces:'));

describe('a receiver that is down', () => {
  it.each(['http/protobuf', 'grpc'] as const)(
    'costs the app nothing but one readable line, and its end a few seconds at most, %s',
    async (protocol) => {
      const endpoint = `http://127.0.0.1:${await freePort()}`;
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '20' };
      const app = await startTraced('app', { protocol, env });
      await until(
        'something is said',
        async () => {
          expect((await ask(app.url, 'r-1')).status).toBe(200);
          return warnings(app.stderr()).length;
        },
        (seen) => seen > 0,
        30_000,
      );
      for (let n = 0; n < 50; n++) expect((await ask(app.url, 'r-1')).status).toBe(200);
      const sinceMs = app.kill('SIGTERM');
      const { code, atMs } = await app.exit(10_000);
      expect(code).toBe(0);
      expect(atMs - sinceMs).toBeLessThan(6_000);
      expect(warnings(app.stderr())).toEqual([
        expect.stringMatching(/^\[express-micro\] warning: traces: [^{}]*ECONNREFUSED 127\.0\.0\.1/),
      ]);
      expect(app.stderr().trim().split('\n')).toHaveLength(1);
    },
  );

  it.each([
    ['at its end', '600000'],
    ['all the time', '20'],
  ])('keeps a program that ends by itself for three seconds at most, asked %s', async (_when, delay) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`, OTEL_BSP_SCHEDULE_DELAY: delay };
    const app = launchTraced('app', { env, plan: { endsAlone: true } });
    const { atMs: endedAtMs } = await app.line('nothing is left to do', ({ event }) => event === 'ends');
    const { code, atMs } = await app.exit(25_000);
    expect(code).toBe(0);
    expect(atMs - endedAtMs).toBeLessThan(4_000);
    expect(warnings(app.stderr())).toHaveLength(1);
  });

  it('that never answers does not keep the process either', async () => {
    const silent = http.createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    try {
      const app = await startTraced('app', { env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } });
      await ask(app.url, 'r-1');
      const sinceMs = app.kill('SIGTERM');
      const { code, atMs } = await app.exit(10_000);
      expect([code, atMs - sinceMs < 6_000]).toEqual([0, true]);
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });
});

describe.each(KINDS)('the last spans, --%s', (kind) => {
  it('arrive when the process is told to end', async () => {
    const receiver = await startReceiver();
    // Sent by the end of the process, or not at all.
    const env = { OTEL_BSP_SCHEDULE_DELAY: '600000' };
    const app = await startTraced('app', { kind, receiver, env });
    await ask(app.url, 'last');
    expect(receiver.spans).toEqual([]);
    app.kill('SIGTERM');
    expect(await app.exit()).toMatchObject({ code: 0 });
    expect(traceOf(receiver.spans, 'last').map(({ name }) => name)).toEqual(['GET /answers']);
    // Node 20 runs what is required first in the thread of its loader, too.
    expect(app.stderr()).toBe('');
  });

  it('arrive when the program ends by itself', async () => {
    const receiver = await startReceiver();
    const env = { OTEL_BSP_SCHEDULE_DELAY: '600000' };
    const app = launchTraced('app', { kind, receiver, env, plan: { endsAlone: true } });
    expect(await app.exit(20_000)).toMatchObject({ code: 0 });
    expect(receiver.spans.map(({ name }) => name)).toEqual(['GET /answers']);
  });
});

describe('the environment', () => {
  it('OTEL_SDK_DISABLED: nothing is sent, and nothing is said', async () => {
    const receiver = await startReceiver();
    const app = await startTraced('app', { receiver, env: { OTEL_SDK_DISABLED: 'true' } });
    expect((await ask(app.url, 'r-1')).status).toBe(200);
    app.kill('SIGTERM');
    expect(await app.exit()).toMatchObject({ code: 0 });
    expect([receiver.spans, app.stderr()]).toEqual([[], '']);
    expect(app.logged().some((line) => 'trace_id' in line)).toBe(false);
  });

  it('values that are none are said, each with what is done instead, and the app starts', async () => {
    const receiver = await startReceiver();
    const env = {
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_PROPAGATORS: 'b3,tracecontext',
      EXPRESS_MICRO_TRACES_KEEP_SLOW_MS: 'soon',
      OTEL_BSP_MAX_QUEUE_SIZE: 'many',
    };
    const app = await startTraced('app', { receiver, env });
    await ask(app.url, 'r-1');
    await until(
      'its span',
      () => traceOf(receiver.spans, 'r-1').length,
      (seen) => seen === 1,
    );
    for (const said of [
      /OTEL_TRACES_SAMPLER is "sometimes"; it takes always_on, .* It counts as parentbased_always_on\./,
      /OTEL_PROPAGATORS has "b3"; it takes tracecontext, baggage, none\. It is left out\./,
      /EXPRESS_MICRO_TRACES_KEEP_SLOW_MS is "soon"; .* It counts as 1000\./,
    ])
      expect(app.stderr()).toMatch(said);
  });

  it('traces over gRPC without its exporter: the error says what to install', async () => {
    const folder = packagesWithoutGrpc();
    const program = startProgram(path.join(folder, 'app.js'), {
      nodeArgs: ['--import', path.join(folder, 'node_modules/@express-micro/observability/dist/register.js')],
      env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    });
    const { code } = await program.exit(20_000);
    expect(program.stderr()).toMatch(/is not installed: npm install @opentelemetry\/exporter-trace-otlp-grpc/);
    expect(code).not.toBe(0);
  });
});

describe('what strangers send', () => {
  it('malformed and huge trace headers begin a trace of their own, and break nothing', async () => {
    const receiver = await startReceiver();
    const app = await startTraced('app', { receiver });
    const id = '0af7651916cd43dd8448eb211c80319c';
    const headers: Record<string, string>[] = [
      { traceparent: 'x'.repeat(8_000) },
      { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
      { traceparent: `00-${id}-${'0'.repeat(16)}-01` },
      { traceparent: `ff-${id}-b7ad6b7169203331-01` },
      { traceparent: `00-${id.toUpperCase()}-b7ad6b7169203331-01` },
      { traceparent: `00-${id}-b7ad6b7169203331-01-what-is-this` },
      { traceparent: "00-'; DROP TABLE spans; ---01" },
      { tracestate: 'a=b,'.repeat(2_000) },
      { baggage: `k=${'v'.repeat(8_000)}` },
      { baggage: Array.from({ length: 1_000 }, (_, n) => `k${n}=v`).join(',') },
      { baggage: '__proto__=x,constructor=y,=,;;,%ZZ=%ZZ' },
    ];
    for (const [n, more] of headers.entries()) {
      const { status } = await request(`${app.url}/answers`, { headers: { 'x-request-id': `h-${n}`, ...more } });
      expect([n, status]).toEqual([n, 200]);
    }
    await until(
      'a span for each',
      () => receiver.spans.length,
      (seen) => seen === headers.length,
    );
    expect(receiver.spans.filter(({ traceId }) => traceId === id)).toEqual([]);
    expect(receiver.spans.filter(({ parentSpanId }) => parentSpanId !== undefined)).toEqual([]);
    expect(app.stderr()).toBe('');
  });

  it('a trace that came goes on, with its tracestate', async () => {
    const receiver = await startReceiver();
    const key = newKey();
    const told = await startTraced('told', { receiver, key });
    const asker = await startTraced('asker', { receiver, key, peers: [told.url], knows: ['told'] });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const json = { way: ['told'] };
    await request(`${asker.url}/relays`, { method: 'POST', json, headers: { traceparent, tracestate: 'vendor=1,other=2' } });
    const spans = await until(
      'one trace of three spans',
      () => receiver.spans.filter(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c'),
      (seen) => seen.length === 3,
    );
    expect(spans.map(({ tracestate }) => tracestate)).toEqual(Array.from({ length: 3 }, () => 'vendor=1,other=2'));
  });

  it('paths that nobody has asked for before have no name of their own', async () => {
    const receiver = await startReceiver();
    const app = await startTraced('app', { receiver });
    const agent = new http.Agent({ keepAlive: true });
    for (let n = 0; n < 500; n++) await request(`${app.url}/${n % 2 === 0 ? 'things' : 'nothing'}/${n}?q=${n}`, { agent });
    agent.destroy();
    await until(
      'a span for each',
      () => receiver.spans.length,
      (seen) => seen === 500,
    );
    expect([...new Set(receiver.spans.map(({ name }) => name))].sort()).toEqual(['GET', 'GET /things/:id']);
  });
});

describe('requests out of the ordinary', () => {
  it('each ends its span: streams, HEAD, a client that leaves, middleware that throws, an upgrade', async () => {
    const receiver = await startReceiver();
    const app = await startTraced('app', { receiver });
    const spanOf = (id: string) =>
      until(
        `the span of ${id}`,
        () => traceOf(receiver.spans, id)[0],
        (span) => span !== undefined,
      );
    await ask(app.url, 'stream', '/streams');
    const stream = await spanOf('stream');
    expect((stream?.endMs ?? 0) - (stream?.startMs ?? 0)).toBeGreaterThan(45);

    await request(`${app.url}/answers`, { method: 'HEAD', headers: { 'x-request-id': 'head' } });
    expect(await spanOf('head')).toMatchObject({ name: 'HEAD /answers', attributes: { 'http.response.status_code': 200 } });

    expect((await ask(app.url, 'throws', '/answers?middleware=throws')).status).toBe(500);
    expect(await spanOf('throws')).toMatchObject({ name: 'GET', isError: true, attributes: { 'error.type': '500' } });

    const leaving = http.get(`${app.url}/hangs`, { headers: { 'x-request-id': 'leaves' } }).on('error', () => {});
    await app.line('it is served', ({ event }) => event === 'hangs');
    leaving.destroy();
    expect(await spanOf('leaves')).toMatchObject({ name: 'GET /hangs', attributes: { 'error.type': 'aborted' } });

    const upgrade = http.get(`${app.url}/answers`, {
      headers: { connection: 'upgrade', upgrade: 'a', 'x-request-id': 'upgrade' },
    });
    await new Promise((resolve, reject) =>
      upgrade.once('upgrade', (_res, socket) => resolve(socket.destroy())).once('error', reject),
    );
    await ask(app.url, 'after');
    await spanOf('after');
    // It never was a request of the app.
    expect(traceOf(receiver.spans, 'upgrade')).toEqual([]);
  });

  it('where an app does not want to be traced, it is not, though the SDK runs', async () => {
    const receiver = await startReceiver();
    const app = await startTraced('app', { receiver, plan: { observability: { tracing: false } } });
    await ask(app.url, 'r-1');
    await ask(app.url, 'r-2', '/spans');
    app.kill('SIGTERM');
    await app.exit();
    // Its own spans are its own.
    expect(receiver.spans.map(({ name }) => name)).toEqual(['own']);
  });
});

/** The packages as installed by somebody who did not install the exporter for gRPC. */
function packagesWithoutGrpc(): string {
  const folder = path.join(testFolder(), 'without-grpc');
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '@opentelemetry'), { recursive: true });
  mkdirSync(path.join(modules, '@express-micro'), { recursive: true });
  const from = path.join(REPOSITORY, 'node_modules');
  for (const name of readdirSync(from))
    if (!name.startsWith('.') && name !== '@opentelemetry' && name !== '@express-micro')
      symlinkSync(path.join(from, name), path.join(modules, name));
  for (const name of readdirSync(path.join(from, '@opentelemetry')))
    if (!name.includes('grpc'))
      cpSync(path.join(from, '@opentelemetry', name), path.join(modules, '@opentelemetry', name), { recursive: true });
  for (const name of ['core', 'observability'])
    cpSync(path.join(REPOSITORY, 'packages', name), path.join(modules, '@express-micro', name), {
      recursive: true,
      filter: (source) => !source.includes(`${path.sep}node_modules`) || source.startsWith(modules),
    });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'app.js'), '');
  return folder;
}
