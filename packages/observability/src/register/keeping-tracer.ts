// Hot path: every span of a process that is traced. Its bench: bench/observed-cost.mjs

import {
  context,
  INVALID_SPAN_CONTEXT,
  type OtelContext,
  type Span,
  type SpanContext,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '../opentelemetry.ts';
import { aroundSpan } from '../tracing/around-span.ts';
import type { HeldSpans } from './held-spans.ts';
import { createIds } from './ids.ts';
import { LightSpan, type SpanKeeper } from './light-span.ts';
import { isTracingSuppressed } from './sdk-core.ts';
import type { ReadableSpan } from './sdk-trace.ts';

/** Where what is kept goes, such as a `SpanProcessor` of the SDK. */
export interface SpanSink {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

interface KeepingOptions {
  /** Share of new traces that are kept whatever becomes of them. */
  readonly ratio: number;
  /** Whether what came with a request decides about its trace. */
  readonly isParentBased: boolean;
  readonly onKept: (span: LightSpan) => void;
  readonly sink: SpanSink | undefined;
  /** Where the rest of the traces wait for what becomes of them; `undefined`: nothing is written down of them. */
  readonly held: HeldSpans | undefined;
}

/** The digits of an id that decide: https://www.w3.org/TR/trace-context-2/#random-trace-id-flag has the right ones drawn by chance. */
const DECIDING = 8;
const FROM_DIGIT = 32 - DECIDING;
const NONE: SpanOptions = Object.freeze({});

/**
 * A share of all traces is kept, by their id and so alike in every process. The rest is written down, too, where some may turn
 * out to be worth keeping: see {@link HeldSpans}.
 */
export class KeepingTracerProvider implements TracerProvider, SpanKeeper {
  private readonly options: KeepingOptions;
  private readonly ids = createIds();
  private readonly bound: string;

  constructor(options: KeepingOptions) {
    this.options = options;
    this.bound = Math.floor(Math.min(options.ratio, 1) * (16 ** DECIDING - 1))
      .toString(16)
      .padStart(DECIDING, '0');
  }

  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const scope = {
      name,
      ...(version !== undefined && { version }),
      ...(options?.schemaUrl !== undefined && { schemaUrl: options.schemaUrl }),
    };
    const startSpan = (spanName: string, given?: SpanOptions, around: OtelContext = context.active()): Span =>
      this.start(scope, spanName, given ?? NONE, around);
    return {
      startSpan,
      startActiveSpan(spanName: string, ...rest: unknown[]) {
        // (name, run), (name, options, run), (name, options, context, run)
        const run = rest.pop() as (span: Span) => unknown;
        const [given, around = context.active()] = rest as [SpanOptions?, OtelContext?];
        const span = startSpan(spanName, given, around);
        return context.with(aroundSpan(span, around), run, undefined, span);
      },
    } as Tracer;
  }

  private start(scope: ReadableSpan['instrumentationScope'], name: string, options: SpanOptions, around: OtelContext): Span {
    if (isTracingSuppressed(around)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const found = options.root === true ? undefined : trace.getSpanContext(around);
    const parent = found !== undefined && trace.isSpanContextValid(found) ? found : undefined;
    const span = new LightSpan(this, scope, name, options, parent);
    const isWrittenDown = this.options.held !== undefined;
    // Nobody knows of a new trace, until somebody asks for its ids.
    if (parent === undefined && isWrittenDown) return span;
    const spanContext = span.spanContext();
    return isWrittenDown || isSampled(spanContext) ? span : trace.wrapSpanContext(spanContext);
  }

  /** See {@link SpanKeeper}. */
  identify({ parent }: LightSpan): SpanContext {
    const traceId = parent?.traceId ?? this.ids.generateTraceId();
    const flags = this.isChosen(parent, traceId) ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const spanContext: SpanContext = { traceId, spanId: this.ids.generateSpanId(), traceFlags: flags };
    return parent?.traceState === undefined ? spanContext : { ...spanContext, traceState: parent.traceState };
  }

  /** See {@link SpanKeeper}. */
  known(span: LightSpan): void {
    if (!isSampled(span.spanContext())) this.options.held?.hold(span);
  }

  /** See {@link SpanKeeper}. */
  ended(span: LightSpan): void {
    const { onKept, held } = this.options;
    if (isSampled(span.spanContext())) onKept(span);
    else held?.ended(span);
  }

  private isChosen(parent: SpanContext | undefined, traceId: string): boolean {
    const { ratio, isParentBased } = this.options;
    // Within a process a span goes the way of its parent, whatever the share: half a trace is none.
    if (parent !== undefined && (isParentBased || parent.isRemote !== true)) return isSampled(parent);
    return ratio >= 1 || this.isBelowBound(traceId);
  }

  /** Digit by digit, of which the first tells nearly always: the same as a number costs several times as much. */
  private isBelowBound(traceId: string): boolean {
    for (let at = 0; at < DECIDING; at++) {
      const digit = traceId.charCodeAt(FROM_DIGIT + at);
      const bound = this.bound.charCodeAt(at);
      if (digit !== bound) return digit < bound;
    }
    return false;
  }

  async forceFlush(): Promise<void> {
    await this.options.sink?.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.options.sink?.shutdown();
  }
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}
