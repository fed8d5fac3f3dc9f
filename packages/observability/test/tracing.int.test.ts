import { setTimeout as pause } from 'node:timers/promises';
import { offerPart } from '@express-micro/core';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { joinedFields, withSpan } from '../src/index.ts';
import { expresses, startApp as startPlain, stopAll } from './operated-apps.test-support.ts';
import { startSdk } from './tracing.test-support.ts';

const memory = startSdk();
afterEach(async () => {
  await stopAll();
  memory.reset();
});

const FROM = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const spans = () => memory.getFinishedSpans();
const named = (name: string): ReadableSpan => {
  const found = spans().filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`${found.length} spans "${name}" among ${spans().map((span) => span.name)}`);
  return found[0] as ReadableSpan;
};

describe.each(expresses)('the trace of a request, %s', (_name, express) => {
  const startApp = (declare: Parameters<typeof startPlain>[0], options = {}) => startPlain(declare, { express, ...options });

  it('has a span by the route, the child of the one that came with it, with what HTTP spans have', async () => {
    const { url } = await startApp((app) => {
      const router = express.Router();
      router.get('/orders/:id', (_req, res) => void res.json(joinedFields()));
      app.use('/shop', router);
    });
    const answer = await fetch(`${url}/shop/orders/7?token=abc&page=2`, {
      headers: { traceparent: FROM, 'user-agent': 'a-test', 'x-request-id': 'r-1' },
    });
    const joined = (await answer.json()) as Record<string, string>;
    const span = named('GET /shop/orders/:id');
    expect(span).toMatchObject({ kind: SpanKind.SERVER, parentSpanContext: { spanId: 'b7ad6b7169203331', isRemote: true } });
    expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/shop/orders/:id',
      'http.response.status_code': 200,
      'url.path': '/shop/orders/7',
      'url.query': 'token=[redacted]&page=2',
      'url.scheme': 'http',
      'user_agent.original': 'a-test',
      'express_micro.request_id': 'r-1',
      'client.address': '127.0.0.1',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
    });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    // What a log line says is what the trace says.
    expect(joined).toEqual({ requestId: 'r-1', trace_id: span.spanContext().traceId, span_id: span.spanContext().spanId });
  });

  it('says what failed: a 500 is an error, a 404 is none, an aborted request says so', async () => {
    const { url } = await startApp((app) => {
      app.get('/breaks', () => {
        throw new Error('broken');
      });
      app.get('/hangs', (_req, res) => void res.write('x'));
    });
    await fetch(`${url}/breaks`);
    await fetch(`${url}/nowhere`);
    const gone = new AbortController();
    const response = await fetch(`${url}/hangs`, { signal: gone.signal });
    gone.abort();
    await response.text().catch(() => {});
    while (spans().length < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(named('GET /breaks')).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '500' } });
    expect(named('GET')).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'http.response.status_code': 404 },
    });
    expect(named('GET /hangs').attributes['error.type']).toBe('aborted');
  });

  it('is named by a closed set of methods, whatever a client sends', async () => {
    const { url } = await startApp(() => {});
    await fetch(url, { method: 'PROPFIND' });
    expect(named('HTTP').attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });

  it('shows middleware that is slow, and none that is fast, nor a handler', async () => {
    const { url } = await startApp(
      (app) => {
        app.use(function fast(_req, _res, next) {
          next();
        });
        app.use(async function slow(_req, _res, next) {
          await pause(40);
          next();
        });
        app.get(
          '/a',
          async function guard(_req, _res, next) {
            await pause(40);
            next();
          },
          async (_req, res) => {
            await pause(40);
            res.send('a');
          },
        );
        app.get('/fails', async (_req, _res, next) => {
          await pause(40);
          next(new Error('no'));
        });
      },
      { tracing: { slowMiddlewareMs: 30 } },
    );
    await fetch(`${url}/a`);
    const root = named('GET /a');
    for (const name of ['middleware slow', 'middleware guard']) {
      const span = named(name);
      expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
      expect(span.duration[1] / 1e6).toBeGreaterThan(30);
    }
    memory.reset();
    await fetch(`${url}/fails`);
    expect(spans().map(({ name }) => name)).toEqual(['middleware slow', 'GET /fails']);
  });

  it('M6: has spans of your own, with what they were told, and what they threw', async () => {
    const { url } = await startApp((app) => {
      app.get('/pays', async (_req, res) => {
        const total = await withSpan('checkout.process', { 'user.id': 'u-1', 'cart.items': 3 }, async (span) => {
          await pause(1);
          span.setAttribute('order.id', 'o-9');
          return withSpan('inner', {}, () => 42);
        });
        res.json({ total, active: trace.getActiveSpan()?.spanContext().spanId });
      });
      app.get('/refuses', async (_req, res) => {
        await withSpan('refused', {}, () => Promise.reject(Object.assign(new Error('too dear'), { code: 'TOO_DEAR' }))).catch(
          () => {},
        );
        const thrown = () =>
          withSpan('thrown', {}, () => {
            throw new TypeError('at once');
          });
        res.json({ threw: String(tryIt(thrown)) });
      });
    });
    const { total, active } = (await (await fetch(`${url}/pays`)).json()) as Record<string, unknown>;
    const root = named('GET /pays').spanContext();
    const own = named('checkout.process');
    expect([total, active]).toEqual([42, root.spanId]);
    expect(own.parentSpanContext?.spanId).toBe(root.spanId);
    expect(own.attributes).toEqual({ 'user.id': 'u-1', 'cart.items': 3, 'order.id': 'o-9' });
    expect(named('inner').parentSpanContext?.spanId).toBe(own.spanContext().spanId);

    expect(await (await fetch(`${url}/refuses`)).json()).toEqual({ threw: 'TypeError: at once' });
    expect(named('refused')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'too dear' },
      attributes: { 'error.type': 'TOO_DEAR' },
      events: [{ name: 'exception' }],
    });
    expect(named('thrown').attributes['error.type']).toBe('TypeError');
  });

  it('is that of an agent, where one stands before us, though it shows nothing but ids', async () => {
    const { url, server } = await startApp((app) => {
      app.get(
        '/a',
        (_req, res) => void res.json({ ...joinedFields(), own: withSpan('own', {}, (span) => span.spanContext().spanId) }),
      );
    });
    const shown: Record<string, unknown>[] = [];
    const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const agents = [
      { spanContext: () => ids },
      { spanContext: () => ids, isRecording: () => false },
      {
        spanContext: () => ids,
        isRecording: () => true,
        setAttributes: (more: object) => shown.push({ ...more }),
        updateName: () => {},
      },
    ];
    const emit = server.emit.bind(server);
    let agent = agents[0];
    server.emit = (event: string, ...args: unknown[]) =>
      event === 'request'
        ? context.with(trace.setSpan(ROOT_CONTEXT, agent as never), () => emit(event, ...args))
        : emit(event, ...args);
    for (agent of agents) {
      const answer = await fetch(`${url}/a`, { headers: { traceparent: FROM.replace('b7', 'c8') } });
      expect(await answer.json()).toMatchObject({ trace_id: ids.traceId, span_id: ids.spanId });
      expect(named('own').parentSpanContext?.spanId).toBe(ids.spanId);
      expect(spans()).toHaveLength(1);
      memory.reset();
    }
    expect(shown).toMatchObject([{ 'http.route': '/a', 'http.response.status_code': 200 }]);
  });

  it('does not belong to what happened when the server began to listen', async () => {
    const { url } = await withSpan('start', {}, () => startApp((app) => app.get('/a', (_req, res) => void res.send('a'))));
    await fetch(`${url}/a`);
    expect(named('GET /a').parentSpanContext).toBeUndefined();
    expect(named('GET /a').spanContext().traceId).not.toBe(named('start').spanContext().traceId);
  });

  it('is there for none of the endpoints of operators, and for no app that does not want it', async () => {
    const { url } = await startApp((app) => app.get('/a', (_req, res) => void res.send('a')));
    await fetch(`${url}/health/live`);
    await fetch(`${url}/metrics`);
    await fetch(`${url}/_discovery/services`);
    expect(spans()).toEqual([]);
    const without = await startApp((app) => app.get('/a', (_req, res) => void res.send('a')), { tracing: false });
    await fetch(`${without.url}/a`);
    expect(spans()).toEqual([]);
    await fetch(`${url}/a`);
    expect(spans()).toHaveLength(1);
  });
});

it('the span of a request says whom its calls were kept away from', async () => {
  const listeners = new Map<string, (...args: readonly unknown[]) => void>();
  const { url } = await startPlain((app) => {
    offerPart(app, 'mesh', {
      serviceName: 'shop',
      counters: () => ({}),
      instances: () => [],
      isReady: () => true,
      on(event, listener) {
        // Logs and metrics listen, too.
        const before = listeners.get(event);
        listeners.set(event, (...args) => {
          before?.(...args);
          listener(...args);
        });
        return () => {};
      },
      observeCalls: () => () => {},
      front: () => {},
      spare() {},
      leave: () => Promise.resolve(),
    });
    app.get('/a', (_req, res) => {
      listeners.get('ejected')?.({ service: 'stock', instance: 's-1', reason: 'consecutive-failures', forMs: 1_000 });
      res.send('a');
    });
  });
  await fetch(`${url}/a`);
  expect(named('GET /a').events).toMatchObject([
    { name: 'express_micro.ejected', attributes: { 'express_micro.service': 'stock', 'express_micro.instance': 's-1' } },
  ]);
});

describe('the options of traces', () => {
  it.each([[{ slowMiddlewareMs: 0 }], [{ slowMiddlewareMs: '10' }], [{ slowMs: 10 }], ['on']])('%j is none', async (tracing) => {
    await expect(startPlain(() => {}, { tracing } as never)).rejects.toMatchObject({ code: 'OBSERVABILITY_OPTION_INVALID' });
  });
});

function tryIt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
