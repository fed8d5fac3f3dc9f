// Hot path: every span of a process that is traced. Its bench: bench/observed-cost.mjs

import {
  context,
  type OtelContext,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider as TracerProviderApi,
  trace,
} from '../opentelemetry.ts';
import type { HeldSpans } from './held-spans.ts';
import { createIds } from './ids.ts';
import { LightSpan } from './light-span.ts';
import { isTracingSuppressed } from './sdk-core.ts';
import { AlwaysOnSampler, type ReadableSpan, type SpanProcessor, TracerProvider } from './sdk-trace.ts';

interface KeepingOptions {
  /** Share of new traces that are kept whatever becomes of them. */
  readonly ratio: number;
  /** Whether what came with a request decides about its trace. */
  readonly isParentBased: boolean;
  readonly resource: ReadableSpan['resource'];
  readonly processors: SpanProcessor[];
  /** Where the rest of the traces wait for what becomes of them; `undefined`: nothing is written down of them. */
  readonly held: HeldSpans | undefined;
}

/** The highest that the first eight digits of an id can be. */
const MAX_BOUND = 0xffff_ffff;

/**
 * A share of all traces is kept, by their id and so alike in every process: those are the SDK's. Of the rest light spans are
 * written down, where some may turn out to be worth keeping: see {@link HeldSpans}.
 */
export class KeepingTracerProvider implements TracerProviderApi {
  private readonly options: KeepingOptions;
  private readonly sdk: TracerProvider;
  private readonly ids = createIds();
  /** The id of a trace that the SDK is about to begin. */
  private nextTraceId: string | undefined;

  constructor(options: KeepingOptions) {
    this.options = options;
    this.sdk = new TracerProvider({
      resource: options.resource,
      // It is asked for what is kept, and for nothing else.
      sampler: new AlwaysOnSampler(),
      spanProcessors: options.processors,
      idGenerator: {
        generateTraceId: () => this.nextTraceId ?? this.ids.generateTraceId(),
        generateSpanId: () => this.ids.generateSpanId(),
      },
    });
  }

  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const sdk = this.sdk.getTracer(name, version, options);
    const scope = {
      name,
      ...(version !== undefined && { version }),
      ...(options?.schemaUrl !== undefined && { schemaUrl: options.schemaUrl }),
    };
    const startSpan = (spanName: string, given: SpanOptions = {}, around: OtelContext = context.active()): Span =>
      this.start(sdk, scope, spanName, given, around);
    return {
      startSpan,
      startActiveSpan(spanName: string, ...rest: unknown[]) {
        // (name, run), (name, options, run), (name, options, context, run)
        const run = rest.pop() as (span: Span) => unknown;
        const [given, around = context.active()] = rest as [SpanOptions?, OtelContext?];
        const span = startSpan(spanName, given, around);
        return context.with(trace.setSpan(around, span), run, undefined, span);
      },
    } as Tracer;
  }

  private start(
    sdk: Tracer,
    scope: ReadableSpan['instrumentationScope'],
    name: string,
    options: SpanOptions,
    around: OtelContext,
  ): Span {
    if (isTracingSuppressed(around)) return sdk.startSpan(name, options, around);
    const found = options.root === true ? undefined : trace.getSpanContext(around);
    const parent = found !== undefined && trace.isSpanContextValid(found) ? found : undefined;
    const traceId = parent?.traceId ?? this.ids.generateTraceId();
    if (this.isKept(parent, traceId)) {
      this.nextTraceId = traceId;
      const span = sdk.startSpan(name, options, around);
      this.nextTraceId = undefined;
      return span;
    }
    const spanContext: SpanContext = {
      traceId,
      spanId: this.ids.generateSpanId(),
      traceFlags: TraceFlags.NONE,
      ...(parent?.traceState !== undefined && { traceState: parent.traceState }),
    };
    const { held } = this.options;
    if (held === undefined) return trace.wrapSpanContext(spanContext);
    const { kind = SpanKind.INTERNAL, attributes, links, startTime } = options;
    return held.begin(new LightSpan(held, { name, kind, context: spanContext, parent, attributes, links, startTime }), scope);
  }

  private isKept(parent: SpanContext | undefined, traceId: string): boolean {
    const { ratio, isParentBased } = this.options;
    // Within a process a span goes the way of its parent, whatever the share: half a trace is none.
    if (parent !== undefined && (isParentBased || parent.isRemote !== true))
      return (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
    return ratio >= 1 || Number.parseInt(traceId.slice(-8), 16) < ratio * MAX_BOUND;
  }

  forceFlush(): Promise<void> {
    return this.sdk.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.sdk.shutdown();
  }
}
