import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { newKey, REPOSITORY, until } from './processes.test-support.ts';
import { orphansIn, outline, type Receiver, type Span, startReceiver, traceOf } from './receiver.test-support.ts';
import { request } from './services.test-support.ts';
import { startThree, startTraced } from './tracing.test-support.ts';

const relay = (url: string, id: string, body: object) =>
  request(`${url}/relays`, { method: 'POST', json: body, headers: { 'x-request-id': id } });
const withTransport = ({ service, name, attributes }: Span) =>
  [service, name, attributes['express_micro.transport']].filter((word) => word !== undefined).join(' ');

/** The trace of a request, when all of it has come: spans are sent by each process in its own time. */
async function wholeTrace({ spans }: Receiver, id: string, count: number): Promise<readonly Span[]> {
  await until(
    `${count} spans of ${id}`,
    () => traceOf(spans, id).length,
    (seen) => seen >= count,
  );
  return traceOf(spans, id);
}

describe.each([
  { kind: 'import', protocol: 'http/protobuf', transport: undefined },
  { kind: 'import', protocol: 'grpc', transport: 'http' },
  { kind: 'require', protocol: 'http/protobuf', transport: 'http' },
  { kind: 'require', protocol: 'grpc', transport: undefined },
] as const)(
  'one trace over three services, --$kind, sent over $protocol, transport $transport',
  ({ kind, protocol, transport }) => {
    it('M9: has each span below the one that caused it, and log lines that name it', async () => {
      const receiver = await startReceiver();
      const three = await startThree({ kind, protocol, receiver, key: newKey(), ...(transport && { transport }) });
      const [a] = three;
      // A link is there once the first calls have asked for it.
      const way = transport ?? 'link';
      await until(
        `calls go by ${way}`,
        async () => {
          await relay(a.url, 'warm', { way: ['b', 'c'] });
          return receiver.spans
            .filter(({ kind: of }) => of === 'client')
            .slice(-2)
            .map(withTransport);
        },
        (seen) => seen.length === 2 && seen.every((one) => one.endsWith(way)),
      );
      expect((await relay(a.url, 'r-1', { way: ['b', 'c'], end: 'well' })).status).toBe(200);
      const trace = await wholeTrace(receiver, 'r-1', 5);
      expect(outline(trace, withTransport)).toEqual([
        'a POST /relays',
        `  a b/createRelay ${way}`,
        '    b POST /relays',
        `      b c/createRelay ${way}`,
        '        c POST /relays',
      ]);
      expect(orphansIn(receiver.spans)).toEqual([]);
      expect(trace.find(({ service, kind: of }) => service === 'c' && of === 'server')?.attributes).toMatchObject({
        'http.route': '/relays',
        'http.response.status_code': 200,
        'express_micro.caller': 'b',
      });
      for (const { service, resource } of trace) expect(resource['service.name']).toBe(service);
      const ids = new Set(trace.map(({ spanId }) => spanId));
      const lines = await until(
        'two lines of each service',
        () => three.flatMap((service) => service.logged().filter(({ requestId }) => requestId === 'r-1')),
        (seen) => seen.length === 6,
      );
      for (const line of lines) {
        expect(line.trace_id).toBe(trace[0]?.traceId);
        expect(ids).toContain(line.span_id);
      }
    });
  },
);

describe.each(['import', 'require'] as const)('sampling of none, --%s', (kind) => {
  it('has all of what failed and of what was slow, from each service, and nothing of what went well or was not found', async () => {
    const receiver = await startReceiver();
    const [a] = await startThree({
      kind,
      receiver,
      key: newKey(),
      env: {
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0',
        EXPRESS_MICRO_TRACES_KEEP_SLOW_MS: '500',
      },
    });
    const way = ['b', 'c'];
    const statuses = [];
    // The very first may be slow by itself: what it needs is loaded, and connections are made.
    await relay(a.url, 'first', { way, end: 'well', ms: 0 });
    for (const [id, end, ms] of [
      ['well', 'well', 0],
      ['missing', 'missing', 0],
      ['fails', 'fails', 0],
      ['slow', 'well', 600],
    ] as const)
      statuses.push((await relay(a.url, id, { way, end, ms })).status);
    expect(statuses).toEqual([200, 404, 500, 200]);
    for (const id of ['fails', 'slow']) {
      expect(outline(await wholeTrace(receiver, id, 5)), id).toEqual([
        'a POST /relays',
        '  a b/createRelay',
        '    b POST /relays',
        '      b c/createRelay',
        '        c POST /relays',
      ]);
    }
    // What came last is here, so whatever came before it is.
    const kept = new Set(receiver.spans.map(({ attributes }) => attributes['express_micro.request_id']));
    expect([...kept].filter((id) => id !== 'first').sort()).toEqual(['fails', 'slow']);
    // Whoever came with a sampled trace keeps it, whatever becomes of it.
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await request(`${a.url}/answers`, { headers: { traceparent, 'x-request-id': 'chosen' } });
    const [span] = await wholeTrace(receiver, 'chosen', 1);
    expect(span).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
  });
});

describe('outgoing requests', () => {
  it.each(['import', 'require'] as const)('are children of the request and carry its trace, --%s', async (kind) => {
    const receiver = await startReceiver();
    const told = await startTraced('told', { kind, receiver });
    const asker = await startTraced('asker', { kind, receiver });
    const { body } = await request(`${asker.url}/asks?url=${told.url}/things`, { headers: { 'x-request-id': 'asks' } });
    expect(JSON.parse(body)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    const trace = await wholeTrace(receiver, 'asks', 7);
    expect(outline(trace)).toEqual([
      'asker GET /asks',
      ...Array.from({ length: 3 }, () => ['  asker GET', '    told GET /things/:id']).flat(),
    ]);
    const urls = trace
      .filter(({ kind: of }) => of === 'client')
      .map(({ attributes }) => new URL(String(attributes['url.full'])).pathname);
    expect(urls.sort()).toEqual(['/things/fetch', '/things/http', '/things/undici']);
    const written = JSON.stringify(trace.map(({ attributes }) => attributes));
    expect(written).toContain('page=2');
    expect(written).not.toContain('nobody-may-see');
  });
});

describe('examples/observability', () => {
  it.each(['http', 'grpc'])('prints a trace as a picture and meets its targets, %s', async (protocol) => {
    const child = spawn(process.execPath, [path.join(REPOSITORY, 'examples/observability/start.js'), protocol], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    expect(said).toMatch(/^ {2}shop +POST \/checkout +█+ /m);
    expect(said).toMatch(/^ {2}stock +POST \/reservations +█+ /m);
    expect(said).not.toMatch(/ missed /);
    // Where there is no Prometheus its rows are not run, and count as such.
    const hasPrometheus = !said.includes('there is no prometheus on this machine');
    expect(code, said).toBe(hasPrometheus ? 0 : 1);
  });
});
