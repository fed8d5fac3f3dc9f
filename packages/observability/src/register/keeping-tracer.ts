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
import { spanIdIn, TRACE_AT, traceIdIn } from '../request/ids-text.ts';
import { aroundSpan } from '../tracing/around-span.ts';
import type { RootSpans } from '../tracing/own-sdk.ts';
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
export class KeepingTracerProvider implements TracerProvider, SpanKeeper, RootSpans {
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
    if (parent === undefined) return this.startRoot(scope, name, options, undefined);
    const span = new LightSpan(this, scope, name, options, parent);
    const spanContext = span.spanContext();
    return this.isWrittenDown || isSampled(spanContext) ? span : trace.wrapSpanContext(spanContext);
  }

  private startRoot(
    scope: ReadableSpan['instrumentationScope'],
    name: string,
    options: SpanOptions,
    ids: string | undefined,
  ): Span {
    const span = new LightSpan(this, scope, name, options, undefined, ids);
    // Nobody knows of a new trace, until somebody asks for its ids.
    if (this.isWrittenDown) return span;
    const spanContext = span.spanContext();
    return isSampled(spanContext) ? span : trace.wrapSpanContext(spanContext);
  }

  private get isWrittenDown(): boolean {
    return this.options.held !== undefined;
  }

  /** See {@link SpanKeeper}. */
  identify({ parent, ids: given }: LightSpan): SpanContext {
    if (parent === undefined) {
      const ids = given ?? this.ids.draw();
      return { traceId: traceIdIn(ids), spanId: spanIdIn(ids), traceFlags: flagsOf(this.isChosen(ids)) };
    }
    const { traceId, traceState } = parent;
    const spanContext: SpanContext = {
      traceId,
      spanId: this.ids.drawSpanId(),
      traceFlags: flagsOf(this.isChosenBelow(parent)),
    };
    return traceState === undefined ? spanContext : { ...spanContext, traceState };
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

  /** See {@link RootSpans}. */
  drawIds(): string {
    return this.ids.draw();
  }

  /** See {@link RootSpans}. */
  isChosen(ids: string): boolean {
    return this.options.ratio >= 1 || this.isBelowBound(ids, TRACE_AT + FROM_DIGIT);
  }

  /** See {@link RootSpans}. */
  isWorthKeeping(ids: string, hasFailed: boolean, durationMs: number): boolean {
    return this.isChosen(ids) || this.options.held?.isWorthKeeping(hasFailed, durationMs) === true;
  }

  /** See {@link RootSpans}. */
  begin(name: string, options: SpanOptions, ids: string): Span {
    return this.startRoot(OF_REQUESTS, name, options, ids);
  }

  private isChosenBelow(parent: SpanContext): boolean {
    const { ratio, isParentBased } = this.options;
    // Within a process a span goes the way of its parent, whatever the share: half a trace is none.
    if (isParentBased || parent.isRemote !== true) return isSampled(parent);
    return ratio >= 1 || this.isBelowBound(parent.traceId, FROM_DIGIT);
  }

  /** Digit by digit, of which the first tells nearly always: the same as a number costs several times as much. */
  private isBelowBound(text: string, from: number): boolean {
    for (let at = 0; at < DECIDING; at++) {
      const digit = text.charCodeAt(from + at);
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

/** As `trace.getTracer` is asked for it in `tracing/sdk.ts`. */
const OF_REQUESTS = Object.freeze({ name: '@express-micro/observability' });

function flagsOf(isChosen: boolean): TraceFlags {
  return isChosen ? TraceFlags.SAMPLED : TraceFlags.NONE;
}

function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}
