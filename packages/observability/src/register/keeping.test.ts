import { createHash } from 'node:crypto';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeepingProcessor } from './keeping-processor.ts';
import { createKeepingSampler } from './keeping-sampler.ts';
import { type ReadableSpan, SamplingDecision, TracerProvider } from './sdk-trace.ts';
import type { Keep } from './settings.ts';

/** Epoch milliseconds: the SDK takes small numbers for something else. */
const AT = 1_700_000_000_000;
const KEEP: Keep = { errors: true, slowMs: 1_000 };
const providers: TracerProvider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown();
});

/** A tracer that keeps no trace from its beginning, and what it hands on. */
function tracing(keep = KEEP, ratio = 0) {
  const kept: ReadableSpan[] = [];
  const dropped: number[] = [];
  const next = {
    onStart() {},
    onEnd: (span: ReadableSpan) => void kept.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new TracerProvider({
    sampler: createKeepingSampler({ ratio, isParentBased: true, mayKeepLater: true }),
    spanProcessors: [createKeepingProcessor(next, keep, (spans) => void dropped.push(spans))],
  });
  providers.push(provider);
  const tracer = provider.getTracer('test');
  const child = (parent: { spanContext(): ReturnType<ReadableSpan['spanContext']> }) =>
    trace.setSpanContext(ROOT_CONTEXT, parent.spanContext());
  return { kept, dropped, tracer, child, names: () => kept.map(({ name }) => name) };
}

const remote = (isSampled: boolean): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });

describe('the sampler', () => {
  const decide = (sampler: ReturnType<typeof createKeepingSampler>, context: Context, traceId = 'f'.repeat(32)) =>
    sampler.shouldSample(context, traceId, 'x', SpanKind.SERVER, {}, []).decision;

  it('keeps the share that was asked for, by the id of the trace: the same everywhere', () => {
    const sampler = createKeepingSampler({ ratio: 0.25, isParentBased: true, mayKeepLater: true });
    const ids = Array.from({ length: 4_000 }, (_, at) => createHash('md5').update(String(at)).digest('hex'));
    const kept = ids.filter((id) => decide(sampler, ROOT_CONTEXT, id) === SamplingDecision.RECORD_AND_SAMPLED);
    expect(kept.length / ids.length).toBeGreaterThan(0.2);
    expect(kept.length / ids.length).toBeLessThan(0.3);
    const again = createKeepingSampler({ ratio: 0.25, isParentBased: true, mayKeepLater: false });
    expect(ids.filter((id) => decide(again, ROOT_CONTEXT, id) === SamplingDecision.RECORD_AND_SAMPLED)).toEqual(kept);
  });

  it('goes the way of what came with the request; where that does not count, of its own share', () => {
    const parentBased = createKeepingSampler({ ratio: 0, isParentBased: true, mayKeepLater: true });
    expect(decide(parentBased, remote(true))).toBe(SamplingDecision.RECORD_AND_SAMPLED);
    expect(decide(createKeepingSampler({ ratio: 1, isParentBased: true, mayKeepLater: true }), remote(false))).toBe(SamplingDecision.RECORD);
    const alone = createKeepingSampler({ ratio: 1, isParentBased: false, mayKeepLater: true });
    expect(decide(alone, remote(false))).toBe(SamplingDecision.RECORD_AND_SAMPLED);
  });

  it('within the process follows the parent, so that no trace is half', () => {
    const alone = createKeepingSampler({ ratio: 1, isParentBased: false, mayKeepLater: true });
    const local = trace.setSpanContext(ROOT_CONTEXT, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    expect(decide(alone, local)).toBe(SamplingDecision.RECORD);
  });

  it('writes nothing down where nothing is kept later', () => {
    const sampler = createKeepingSampler({ ratio: 0, isParentBased: true, mayKeepLater: false });
    expect(decide(sampler, ROOT_CONTEXT)).toBe(SamplingDecision.NOT_RECORD);
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
    expect(names()).toEqual(['good', 'failing', 'root']);
    expect(kept.map((span) => span.spanContext().traceFlags)).toEqual([1, 1, 1]);
    expect(kept[2]).toMatchObject({ name: 'root', kind: SpanKind.SERVER, ended: true, parentSpanContext: { spanId: 'b7ad6b7169203331' } });
    expect(kept[2]?.duration).toHaveLength(2);
  });

  it('is kept where a request was slow, and not where only a part of a background job was', () => {
    const { tracer, child, names } = tracing();
    const slow = tracer.startSpan('slow', { kind: SpanKind.SERVER, startTime: AT }, remote(false));
    tracer.startSpan('part', { startTime: AT }, child(slow)).end(AT + 1);
    slow.end(AT + 1_000);
    const fast = tracer.startSpan('fast', { kind: SpanKind.SERVER, startTime: AT });
    tracer.startSpan('long wait', { startTime: AT }, child(fast)).end(AT + 8_000);
    fast.end(AT + 999);
    expect(names()).toEqual(['part', 'slow']);
  });

  it('is not kept for a refusal: a 404 is an error of its caller by convention', () => {
    const { tracer, child, kept } = tracing();
    const root = tracer.startSpan('root', { kind: SpanKind.SERVER }, remote(false));
    const call = tracer.startSpan('call', { kind: SpanKind.CLIENT, attributes: { 'http.response.status_code': 404 } }, child(root));
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
    expect(dropped).toEqual([0]);
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
