import { createHash } from 'node:crypto';
import { systemClock, systemRandom } from '@express-micro/core';
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { spanIdIn, traceIdIn } from '../request/ids-text.ts';
import { createHeldSpans } from './held-spans.ts';
import { createIds } from './ids.ts';
import { KeepingTracerProvider } from './keeping-tracer.ts';
import { createKeptSpans } from './kept-span.ts';
import type { LightSpan } from './light-span.ts';
import type { ReadableSpan } from './sdk-trace.ts';
import type { Keep } from './settings.ts';

/** Epoch milliseconds: the SDK takes small numbers for something else. */
const AT = 1_700_000_000_000;
const KEEP: Keep = { errors: true, slowMs: 1_000 };
const LINKED = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 };
const RESOURCE = resourceFromAttributes({ 'service.name': 'test' });
const providers: KeepingTracerProvider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown();
});

/** A tracer that keeps no trace from its beginning, and what it hands on. */
function tracing(keep: Keep | 'nothing' = KEEP, ratio = 0, isParentBased = true) {
  const kept: ReadableSpan[] = [];
  const dropped: number[] = [];
  const asKept = createKeptSpans(RESOURCE);
  const onKept = (span: LightSpan) => void kept.push(asKept(span));
  const held = keep === 'nothing' ? undefined : createHeldSpans({ keep, onKept, onDropped: (spans) => void dropped.push(spans) });
  const provider = new KeepingTracerProvider({ ratio, isParentBased, onKept, sink: undefined, held });
  providers.push(provider);
  const tracer = provider.getTracer('test', '1.0');
  const child = (parent: Span) => trace.setSpan(ROOT_CONTEXT, parent);
  return { kept, dropped, tracer, child, names: () => kept.map(({ name }) => name) };
}

const remote = (isSampled: boolean): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });

describe('which traces are kept from their beginning', () => {
  const isSampled = (span: Span) => (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;

  it('the share that was asked for, by the id of the trace: the same everywhere', () => {
    const [here, there] = [tracing(KEEP, 0.25, false), tracing('nothing', 0.25, false)];
    const decided = Array.from({ length: 4_000 }, (_, at) => {
      const traceId = createHash('md5').update(String(at)).digest('hex');
      const from = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '1'.repeat(16), traceFlags: 0, isRemote: true });
      return [here, there].map(({ tracer }) => isSampled(tracer.startSpan('x', {}, from)));
    });
    const kept = decided.filter(([first]) => first).length;
    expect(kept / decided.length).toBeGreaterThan(0.22);
    expect(kept / decided.length).toBeLessThan(0.28);
    expect(decided.filter(([first, second]) => first !== second)).toEqual([]);
    const roots = Array.from({ length: 2_000 }, () => here.tracer.startSpan('root', {}, ROOT_CONTEXT)).filter(isSampled).length;
    expect(roots / 2_000).toBeGreaterThan(0.2);
    expect(roots / 2_000).toBeLessThan(0.3);
  });

  it('those that came so; where that does not count, the share of this process', () => {
    expect(isSampled(tracing(KEEP, 0).tracer.startSpan('x', {}, remote(true)))).toBe(true);
    expect(isSampled(tracing(KEEP, 1).tracer.startSpan('x', {}, remote(false)))).toBe(false);
    expect(isSampled(tracing(KEEP, 1, false).tracer.startSpan('x', {}, remote(false)))).toBe(true);
  });

  it('with all that is below them in this process, and nothing else', () => {
    const { tracer, child } = tracing(KEEP, 1, false);
    const local = tracing(KEEP, 0).tracer.startSpan('not kept', {}, ROOT_CONTEXT);
    expect(isSampled(tracer.startSpan('child', {}, child(local)))).toBe(false);
    expect(isSampled(tracer.startSpan('of its own', { root: true }, child(local)))).toBe(true);
  });

  it('the ids of the rest go on to whom they call, and nothing is written down where nothing is kept later', () => {
    const { tracer } = tracing('nothing', 0);
    const span = tracer.startSpan('x', {}, remote(false));
    expect(span.isRecording()).toBe(false);
    expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: 0 });
    expect(span.spanContext().spanId).toMatch(/^(?!b7ad6b7169203331)[\da-f]{16}$/);
  });

  it.each([0, 1])('run what is theirs within themselves (share %d)', (ratio) => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { tracer, names } = tracing(KEEP, ratio);
    const seen = tracer.startActiveSpan('outer', (outer) => {
      const inner = tracer.startActiveSpan('inner', { attributes: { a: 1 } }, (span) => {
        const active = trace.getActiveSpan() === span;
        span.setStatus({ code: SpanStatusCode.ERROR }).end();
        return active;
      });
      const apart = tracer.startActiveSpan('apart', {}, ROOT_CONTEXT, (span) => span.spanContext().traceId);
      outer.end();
      return [inner, apart === outer.spanContext().traceId];
    });
    expect(seen).toEqual([true, false]);
    expect(names().sort()).toEqual(['inner', 'outer']);
    context.disable();
  });
});

describe('ids', () => {
  it('are of the length that traces want, never the same, and never of nothing but zeros', () => {
    const ids = createIds();
    const roots = Array.from({ length: 5_000 }, () => ids.draw());
    expect(roots.every((text) => /^,"trace_id":"[\da-f]{32}","span_id":"[\da-f]{16}"$/.test(text))).toBe(true);
    const spans = Array.from({ length: 5_000 }, () => ids.drawSpanId());
    expect(spans.every((id) => /^[\da-f]{16}$/.test(id))).toBe(true);
    expect(new Set([...roots.map(traceIdIn), ...roots.map(spanIdIn), ...spans]).size).toBe(15_000);
    let drawn = 0;
    const zeros = createIds({ ...systemRandom, bytes: (size) => Buffer.alloc(size, drawn++ % 2 === 0 ? 0 : 1) });
    expect([zeros.drawSpanId(), traceIdIn(zeros.draw())]).toEqual(['01'.repeat(8), '01'.repeat(16)]);
    // The last span of a pool alone.
    let pools = 0;
    const late = createIds({ ...systemRandom, bytes: (size) => Buffer.alloc(size, 1).fill(0, pools++ === 0 ? size - 8 : size) });
    const all = Array.from({ length: 200 }, () => late.draw());
    expect([new Set(all).size, pools]).toEqual([1, 5]);
  });
});

describe('a span that was kept later', () => {
  it.each([0, 1])('is what the SDK would have made of the same (share %d)', (ratio) => {
    const { tracer, kept } = tracing(KEEP, ratio);
    const theirs: ReadableSpan[] = [];
    const processor = {
      onStart() {},
      onEnd: (span: ReadableSpan) => void theirs.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const sdk = new TracerProvider({ resource: RESOURCE, spanProcessors: [processor] }).getTracer('test', '1.0');
    for (const from of [tracer, sdk]) tellAll(from);
    expect(kept.map(factsOf)).toEqual(theirs.map(factsOf));
    expect(kept).toHaveLength(3);
    expect(kept[0]).toMatchObject({ name: 'second name', attributes: { a: 2, b: ['x'], c: true }, droppedAttributesCount: 0 });
    expect(kept[0]?.resource.attributes['service.name']).toBe('test');
    expect(kept[0]?.spanContext().traceFlags).toBe(TraceFlags.SAMPLED);
  });

  it('shows the time of day, though that clock was set while the process ran', () => {
    const clock = { ...systemClock, epochMs: () => systemClock.epochMs() + 3_600_000 };
    const { tracer } = tracing();
    const span = tracer.startSpan('x', {}, ROOT_CONTEXT) as LightSpan;
    span.end();
    const { startTime, endTime, duration } = createKeptSpans(RESOURCE, clock)(span);
    const [begun, now] = [startTime[0] * 1_000, clock.epochMs()];
    expect(Math.abs(begun - now)).toBeLessThan(5_000);
    expect(endTime[0] - startTime[0]).toBeLessThan(2);
    expect(duration[0]).toBe(0);
  });

  it('takes no time for one that is none', () => {
    const { tracer, kept } = tracing();
    const span = tracer.startSpan('x', { startTime: 'yesterday' as never }, ROOT_CONTEXT);
    span.addEvent('y', {}, Number.NaN).setStatus({ code: SpanStatusCode.ERROR });
    span.end('tomorrow' as never);
    const [one] = kept as [ReadableSpan];
    const seconds = [one.startTime[0], one.endTime[0], one.events[0]?.time[0] ?? Number.NaN];
    for (const each of seconds) expect(Math.abs(each - Date.now() / 1_000)).toBeLessThan(60);
  });

  it('has its own times where none are given', async () => {
    const { tracer, kept } = tracing();
    const before = Date.now();
    const span = tracer.startSpan('x', {}, ROOT_CONTEXT);
    await new Promise((resolve) => setTimeout(resolve, 20));
    span.setStatus({ code: SpanStatusCode.ERROR }).end();
    const [one] = kept as [ReadableSpan];
    expect(one.startTime[0] * 1_000 + one.startTime[1] / 1e6).toBeGreaterThan(before - 50);
    expect(one.duration[1] / 1e6).toBeGreaterThan(15);
    expect(one.duration[1] / 1e6).toBeLessThan(2_000);
  });

  it('is as bounded as the SDK has it', () => {
    const { tracer, kept } = tracing();
    const span = tracer.startSpan('x', {}, ROOT_CONTEXT);
    for (let n = 0; n < 1_000; n++) span.addEvent('again').addLink({ context: LINKED });
    span.setStatus({ code: SpanStatusCode.ERROR }).end();
    expect([kept[0]?.events.length, kept[0]?.links.length]).toEqual([128, 128]);
  });
});

describe('a span that nobody has asked for its ids', () => {
  it('has the same ones from the first to the last question, and keeps what it was told', () => {
    const { tracer, kept } = tracing(KEEP, 1);
    const span = tracer.startSpan('quiet', {}, ROOT_CONTEXT);
    span.end();
    const { traceId, spanId } = span.spanContext();
    expect(kept[0]?.spanContext()).toEqual({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
    expect(span.spanContext()).toBe(span.spanContext());
  });

  it('is decided with those below it from the first of them on', () => {
    const { tracer, child, names } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
    const failing = tracer.startSpan('failing', {}, child(root));
    root.end();
    expect(names()).toEqual([]);
    failing.setStatus({ code: SpanStatusCode.ERROR }).end();
    expect(names()).toEqual(['root', 'failing']);
  });

  it('is kept alone where it failed and nothing was below it', () => {
    const { tracer, names } = tracing();
    tracer.startSpan('failing', {}, ROOT_CONTEXT).setStatus({ code: SpanStatusCode.ERROR }).end();
    tracer.startSpan('good', {}, ROOT_CONTEXT).end();
    expect(names()).toEqual(['failing']);
  });
});

describe('the rest of a trace', () => {
  it('is forgotten where all went well and fast', () => {
    const { tracer, child, kept } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER }, remote(false));
    tracer.startSpan('child', {}, child(root)).end();
    root.end();
    expect(kept).toEqual([]);
  });

  it('is kept whole where one of its spans failed, with the flag that says so', () => {
    const { tracer, child, kept, names } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER }, remote(false));
    const failing = tracer.startSpan('failing', {}, child(root));
    tracer.startSpan('good', {}, child(failing)).end();
    failing.setStatus({ code: SpanStatusCode.ERROR });
    failing.end();
    expect(kept).toEqual([]);
    root.end();
    expect(names()).toEqual(['root', 'failing', 'good']);
    expect(kept.map((span) => span.spanContext().traceFlags)).toEqual([1, 1, 1]);
    expect(kept[0]).toMatchObject({
      name: 'root',
      kind: SpanKind.SERVER,
      ended: true,
      parentSpanContext: { spanId: 'b7ad6b7169203331' },
    });
    expect(kept[0]?.duration).toHaveLength(2);
  });

  it('is kept where a request was slow, and not where only a part of a background job was', () => {
    const { tracer, child, names } = tracing();
    const slow = tracer.startSpan('slow', { kind: SpanKind.SERVER, startTime: AT }, remote(false));
    tracer.startSpan('part', { startTime: AT }, child(slow)).end(AT + 1);
    slow.end(AT + 1_000);
    const fast = tracer.startSpan('fast', { kind: SpanKind.SERVER, startTime: AT });
    tracer.startSpan('long wait', { startTime: AT }, child(fast)).end(AT + 8_000);
    fast.end(AT + 999);
    expect(names()).toEqual(['slow', 'part']);
  });

  it('is not kept for a refusal: a 404 is an error of its caller by convention', () => {
    const { tracer, child, kept } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER }, remote(false));
    const call = tracer.startSpan(
      'call',
      { kind: SpanKind.CLIENT, attributes: { 'http.response.status_code': 404 } },
      child(root),
    );
    call.setStatus({ code: SpanStatusCode.ERROR });
    call.end();
    root.end();
    expect(kept).toEqual([]);
  });

  it('is kept for nothing where neither counts', () => {
    const { tracer, kept } = tracing({ errors: false, slowMs: undefined });
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER, startTime: AT });
    root.setStatus({ code: SpanStatusCode.ERROR });
    root.end(AT + 90_000);
    expect(kept).toEqual([]);
  });

  it('is handed on at once where it is sampled', () => {
    const { tracer, names } = tracing(KEEP, 1);
    tracer.startSpan('one').end();
    expect(names()).toEqual(['one']);
  });

  it('is bounded: of too many open traces the oldest is dropped, and that is said', () => {
    const { tracer, dropped, names } = tracing();
    const open = Array.from({ length: 5_001 }, (_, at) => tracer.startSpan(`root ${at}`, { kind: SpanKind.SERVER }));
    // Nobody knows of them yet, so none is held.
    expect(dropped).toEqual([]);
    for (const span of open) span.spanContext();
    expect(dropped).toEqual([1]);
    for (const span of [open[0], open[1]]) {
      span?.setStatus({ code: SpanStatusCode.ERROR });
      span?.end();
    }
    expect(names()).toEqual(['root 1']);
  });

  it('holds no more than a thousand spans of one trace', () => {
    const { tracer, child, kept } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER });
    for (let n = 0; n < 3_000; n++) tracer.startSpan('loop', {}, child(root)).end();
    root.setStatus({ code: SpanStatusCode.ERROR });
    root.end();
    expect(kept).toHaveLength(1_000);
  });
});

/** All that a span can be told, with times of its own; and twice one that says little. */
function tellAll(tracer: Tracer): void {
  const span = tracer.startSpan(
    'first name',
    { kind: SpanKind.PRODUCER, startTime: AT, attributes: { a: 1, bad: { b: 2 } as never }, links: [{ context: LINKED }] },
    ROOT_CONTEXT,
  );
  span.setAttribute('b', ['x']).setAttributes({ c: true, a: 2 }).updateName('second name');
  span.addEvent('seen', { at: 'once' }, AT + 1).addEvent('timed', AT + 2);
  span.addLink({ context: LINKED, attributes: { why: 'because' } });
  span.recordException(Object.assign(new TypeError('broken'), { stack: 'here' }), AT + 3);
  span.recordException(Object.assign(new Error('coded'), { code: 'E_CODE', stack: 'there' }), AT + 3);
  span.recordException('a text', AT + 3);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' }).setStatus({ code: SpanStatusCode.UNSET });
  span.end(AT + 4);
  span
    .setAttribute('late', 1)
    .updateName('late')
    .end(AT + 99);
  const many = tracer.startSpan('many', { startTime: AT }, ROOT_CONTEXT);
  for (let n = 0; n < 130; n++) many.setAttribute(`n${n}`, n).addEvent(`event ${n}`, AT).addLink({ context: LINKED });
  many.setStatus({ code: SpanStatusCode.ERROR }).end(AT);
  const backwards = tracer.startSpan('backwards', { startTime: AT }, ROOT_CONTEXT);
  backwards.setStatus({ code: SpanStatusCode.ERROR, message: 7 as never }).end(AT - 1_000);
}

function factsOf(span: ReadableSpan): object {
  const { name, kind, startTime, endTime, status, attributes, duration, ended, parentSpanContext } = span;
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  const { name: scope, version } = span.instrumentationScope;
  const links = span.links.map(({ context: to, attributes: given }) => ({ to, given: given ?? {} }));
  const events = span.events.map(({ name: event, attributes: given, time }) => ({ event, given: given ?? {}, time }));
  const dropped = { droppedAttributesCount, droppedEventsCount, droppedLinksCount };
  const times = { startTime, endTime, duration, ended };
  return { name, kind, status, attributes, parentSpanContext, scope, version, links, events, ...dropped, ...times };
}
