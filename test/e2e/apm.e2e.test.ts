import { describe, expect, it } from 'vitest';
import { fixture, newKey, until } from './processes.test-support.ts';
import { outline, type Span, startReceiver, traceOf } from './receiver.test-support.ts';
import { request } from './services.test-support.ts';
import { startTraced } from './tracing.test-support.ts';

// An agent of a vendor does what OpenTelemetry's own instrumentations do: it stands in Node's servers before us.
const OWN_SDK = fixture('own-sdk.cjs');
const tell = ({ kind, name, attributes }: Span) => `${kind} ${name} ${attributes['express_micro.request_id'] ?? ''}`.trimEnd();
/** Without the layers of Express, of which its instrumentation has a span each. */
const withoutLayers = (spans: readonly Span[]) => spans.filter(({ kind }) => kind !== 'internal');

describe.each([
  ['before all else, observability() first', { lines: ['observability', 'mesh'] }, {}, ['--require', OWN_SDK]],
  ['before all else, expressMicro() first', { lines: ['mesh', 'observability'] }, {}, ['--require', OWN_SDK]],
  ['after our packages were loaded, observability() first', { lines: ['observability', 'mesh'] }, { FIXTURE_SDK: 'late' }, []],
  ['after our packages were loaded, expressMicro() first', { lines: ['mesh', 'observability'] }, { FIXTURE_SDK: 'late' }, []],
  ['before all else, on Express 4', {}, { FIXTURE_EXPRESS: 'express4' }, ['--require', OWN_SDK]],
] as const)("a user's own SDK with OpenTelemetry's instrumentations, %s", (_name, plan, env, preload) => {
  it('has one server span a request, with our attributes, and our calls below it', async () => {
    const receiver = await startReceiver();
    const options = { kind: 'require', receiver, plan, env, preload, key: newKey() } as const;
    const told = await startTraced('told', options);
    const asker = await startTraced('asker', { ...options, peers: [told.url], knows: ['told'], transport: 'http' });
    const { status } = await request(`${asker.url}/relays?a=1`, {
      method: 'POST',
      json: { way: ['told'], end: 'well' },
      headers: { 'x-request-id': 'r-1' },
    });
    expect(status).toBe(200);
    const wanted = ['asker client told/createRelay', 'asker server POST /relays', 'told server POST /relays'];
    const nameOf = ({ service, kind, name }: Span) => `${service} ${kind} ${name}`;
    const find = (isSo: (span: Span) => boolean) => traceOf(receiver.spans, 'r-1').find(isSo);
    // Spans of layers may stand between, and come when these are over.
    await until(
      'the call below the request that made it',
      () => outline(traceOf(receiver.spans, 'r-1'), nameOf),
      () => {
        const [call, asked] = [find(({ kind }) => kind === 'client'), find((span) => nameOf(span).startsWith('asker server'))];
        const isServed =
          find((span) => nameOf(span).startsWith('told server') && span.parentSpanId === call?.spanId) !== undefined;
        return isServed && asked !== undefined && call !== undefined && isBelow(receiver.spans, call, asked);
      },
    );
    const trace = withoutLayers(traceOf(receiver.spans, 'r-1'));
    expect(trace.map(nameOf).sort()).toEqual(wanted);
    for (const server of trace.filter(({ kind }) => kind === 'server'))
      expect(server.attributes).toMatchObject({
        'express_micro.request_id': 'r-1',
        'http.route': '/relays',
        'http.response.status_code': 200,
      });
    const lines = await until(
      'the lines of the request',
      () => asker.logged().filter(({ requestId }) => requestId === 'r-1'),
      (seen) => seen.length === 2,
    );
    const ids = new Set(receiver.spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    for (const line of lines) {
      expect(line.trace_id).toBe(trace[0]?.traceId);
      expect(ids).toContain(`${line.trace_id} ${line.span_id}`);
    }
  });
});

describe('two SDKs', () => {
  it('ours leaves the field to the one that was there, and says so', async () => {
    const receiver = await startReceiver();
    const preload = ['--require', OWN_SDK, '--require', '@express-micro/observability/register'];
    const app = await startTraced('app', { kind: 'require', receiver, preload });
    expect(app.stderr()).toMatch(/another OpenTelemetry SDK was started before.*Start one of the two/);
    await request(`${app.url}/answers`, { headers: { 'x-request-id': 'r-1' } });
    const spans = await until(
      'its span',
      () => withoutLayers(traceOf(receiver.spans, 'r-1')),
      (seen) => seen.length > 0,
    );
    expect(outline(spans, tell)).toEqual(['server GET /answers r-1']);
  });

  it('ours was there first: it goes on, whatever the other one does', async () => {
    const receiver = await startReceiver();
    const preload = ['--require', '@express-micro/observability/register', '--require', OWN_SDK];
    const app = await startTraced('app', { kind: 'require', receiver, preload });
    await request(`${app.url}/answers`, { headers: { 'x-request-id': 'r-1' } });
    const spans = await until(
      'its span',
      () => withoutLayers(traceOf(receiver.spans, 'r-1')),
      (seen) => seen.length > 0,
    );
    expect(outline(spans, tell)).toEqual(['server GET /answers r-1']);
  });
});

function isBelow(spans: readonly Span[], { traceId, parentSpanId }: Span, above: Span): boolean {
  if (parentSpanId === above.spanId) return true;
  const parent = spans.find((one) => one.traceId === traceId && one.spanId === parentSpanId);
  return parent !== undefined && isBelow(spans, parent, above);
}
