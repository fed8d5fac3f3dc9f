import { setTimeout as pause } from 'node:timers/promises';
import { keepContext } from '@express-micro/core';
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinedFields, withSpan } from '../src/index.ts';
import { createHeldSpans } from '../src/register/held-spans.ts';
import { KeepingTracerProvider } from '../src/register/keeping-tracer.ts';
import { createKeptSpans } from '../src/register/kept-span.ts';
import type { LightSpan } from '../src/register/light-span.ts';
import { SharedContextManager } from '../src/register/shared-contexts.ts';
import { offerSdk } from '../src/tracing/own-sdk.ts';
import { createLines, type LoggedLine } from './apps.test-support.ts';
import { ask, expresses, startApp as startPlain, stopAll } from './operated-apps.test-support.ts';

// The SDK as `register` starts it, but for where its spans go. One a process, so what it keeps is changed and not itself.
const kept: ReadableSpan[] = [];
const dropped: number[] = [];
const asKept = createKeptSpans(resourceFromAttributes({}));
const onKept = (span: LightSpan) => void kept.push(asKept(span));
const held = createHeldSpans({ keep: { errors: true, slowMs: 150 }, onKept, onDropped: (spans) => void dropped.push(spans) });
const settings = { ratio: 0, isParentBased: true, onKept, sink: undefined, held };
const provider = new KeepingTracerProvider(settings);
trace.setGlobalTracerProvider(provider);
keepContext();
context.setGlobalContextManager(new SharedContextManager());
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
);
offerSdk({ flush: () => Promise.resolve(), roots: provider });

beforeEach(() => {
  settings.ratio = 0;
});
afterEach(async () => {
  await stopAll();
  kept.length = 0;
});

const names = () => kept.map(({ name }) => name);
const idsOf = ({ trace_id, span_id }: LoggedLine) => ({ traceId: trace_id, spanId: span_id });

describe.each(expresses)('a request of an app that is traced by our own SDK, %s', (_name, express) => {
  async function start(declare: Parameters<typeof startPlain>[0], options = {}) {
    const seen = createLines();
    const logger = { console: false, level: 'trace', stream: seen.stream } as const;
    const app = await startPlain(declare, { express, logger, accessLog: 'structured', ...options });
    return { ...app, lines: seen.lines, access: () => seen.some((line) => 'durationMs' in line) };
  }

  it('is kept where it failed or was slow, and not where it went well or was refused: with the ids of its line', async () => {
    const { url, lines, access } = await start((app) => {
      app.get('/good', (_req, res) => void res.json(1));
      app.get('/fails', (_req, res) => void res.status(503).json(1));
      app.get('/slow', async (_req, res) => {
        await pause(160);
        res.json(1);
      });
    });
    for (const path of ['/good', '/nowhere', '/fails', '/slow']) await ask(url + path);
    await access();
    expect(names()).toEqual(['GET /fails', 'GET /slow']);
    const told = lines.filter((line) => 'durationMs' in line).map(idsOf);
    expect(new Set(told.map(({ traceId }) => traceId)).size).toBe(4);
    expect(kept.map((span) => span.spanContext())).toEqual([
      { ...told[2], traceFlags: TraceFlags.SAMPLED },
      { ...told[3], traceFlags: TraceFlags.SAMPLED },
    ]);
    expect(kept[0]).toMatchObject({
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'http.request.method': 'GET', 'http.route': '/fails', 'error.type': '503', 'url.path': '/fails' },
    });
    expect(kept[1]?.duration[1]).toBeGreaterThan(150e6);
  });

  it('is kept where it was chosen from its beginning, and stands for its bucket', async () => {
    settings.ratio = 1;
    const { url, metrics } = await start((app) => app.get('/good', (_req, res) => void res.json(1)));
    await ask(`${url}/good`);
    await ask(`${url}/good`);
    expect(names()).toEqual(['GET /good', 'GET /good']);
    const { traceId } = kept[0]?.spanContext() ?? {};
    const accept = 'application/openmetrics-text;version=1.0.0';
    expect((await ask(`${url}/metrics`, { headers: { accept } })).text).toContain(`trace_id="${traceId}"`);
    expect(await metrics.text()).not.toContain('trace_id');
  });

  it('has one pair of ids, whoever asks for them first: lines, code of the app, what it calls, what is below it', async () => {
    const { url, lines, access } = await start((app, { logger }) => {
      app.get('/line-first', (_req, res) => {
        logger.info('a line');
        res.json({ ...trace.getActiveSpan()?.spanContext(), ...joinedFields() });
      });
      app.get('/span-first', (_req, res) => {
        const headers: Record<string, string> = {};
        propagation.inject(context.active(), headers);
        logger.info('a line');
        res.json({ ...trace.getActiveSpan()?.spanContext(), ...headers });
      });
    });
    for (const path of ['/line-first', '/span-first']) {
      const { text } = await ask(url + path);
      const { traceId, spanId, traceFlags, traceparent } = JSON.parse(text) as Record<string, unknown>;
      await access();
      expect(lines.map(idsOf)).toEqual([
        { traceId, spanId },
        { traceId, spanId },
      ]);
      expect(traceFlags).toBe(TraceFlags.NONE);
      if (traceparent !== undefined) expect(traceparent).toBe(`00-${traceId}-${spanId}-00`);
      lines.length = 0;
    }
    expect(kept).toEqual([]);
  });

  it('is kept with what failed below it, though it went well itself', async () => {
    const { url } = await start((app) => {
      app.get('/tries', async (_req, res) => {
        await withSpan('refused', {}, () => Promise.reject(new Error('no'))).catch(() => {});
        res.json(1);
      });
      app.get('/does', async (_req, res) => {
        await withSpan('done', {}, () => pause(1));
        res.json(1);
      });
    });
    await ask(`${url}/does`);
    await ask(`${url}/tries`);
    expect(names()).toEqual(['GET /tries', 'refused']);
    expect(kept[1]?.parentSpanContext).toMatchObject({ spanId: kept[0]?.spanContext().spanId });
    expect(dropped).toEqual([]);
  });

  it('has a span that is over for who asks when it is, and what begins then is a trace of its own decision', async () => {
    const later: Promise<unknown>[] = [];
    const { url, lines, access } = await start((app) => {
      app.get('/answers', (_req, res) => {
        res.json(1);
        const after = async () => {
          await new Promise((done) => res.once('close', done));
          await pause(5);
          const span = trace.getActiveSpan();
          withSpan('late', {}, () => {});
          await withSpan('late and failing', {}, () => Promise.reject(new Error('no'))).catch(() => {});
          return { isRecording: span?.isRecording(), ...span?.spanContext() };
        };
        later.push(after());
      });
    });
    await ask(`${url}/answers`);
    await access();
    const [line] = lines.map(idsOf);
    expect(await later[0]).toEqual({ isRecording: false, ...line, traceFlags: TraceFlags.NONE });
    expect(names()).toEqual(['late and failing']);
    expect(kept[0]?.parentSpanContext?.spanId).toBe(line?.spanId);
  });

  it('runs in a context like any other: it takes values, another span, and none', async () => {
    const key = Symbol('a value');
    const { url } = await start((app) => {
      app.get('/a', (_req, res) => {
        const active = context.active();
        const own = trace.getActiveSpan()?.spanContext().spanId;
        const idIn = (one: typeof active) => trace.getSpan(one)?.spanContext().spanId;
        const other = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 });
        const withValue = active.setValue(key, 7);
        const withBaggage = propagation.setBaggage(active, propagation.createBaggage({ who: { value: 'me' } }));
        res.json({
          value: [withValue.getValue(key), idIn(withValue) === own, active.getValue(key) === undefined],
          baggage: [propagation.getBaggage(withBaggage)?.getEntry('who')?.value, idIn(withBaggage) === own],
          other: idIn(trace.setSpan(active, other)),
          none: [idIn(trace.deleteSpan(active)) === undefined, idIn(withValue.deleteValue(key)) === own],
          inside: context.with(trace.setSpan(active, other), () => joinedFields().span_id),
          outside: context.with(ROOT_CONTEXT, () => joinedFields().span_id === own),
        });
      });
    });
    expect(JSON.parse((await ask(`${url}/a`)).text)).toEqual({
      value: [7, true, true],
      baggage: ['me', true],
      other: 'b'.repeat(16),
      none: [true, true],
      inside: 'b'.repeat(16),
      // A request that is served knows its span, also where somebody has left its context.
      outside: true,
    });
    const bag = await ask(`${url}/a`, { headers: { baggage: 'who=somebody' } });
    expect(bag.status).toBe(200);
  });

  it('shows middleware that was slow, though nobody has asked for its span', async () => {
    settings.ratio = 1;
    const { url } = await start(
      (app) => {
        app.use(async function slow(_req, _res, next) {
          await pause(40);
          next();
        });
        app.get('/a', (_req, res) => void res.send('a'));
      },
      { tracing: { slowMiddlewareMs: 30 } },
    );
    await ask(`${url}/a`);
    expect(names().sort()).toEqual(['GET /a', 'middleware slow']);
  });
});
