// Hot path: every request of an app that is traced. Its bench: bench/observed-cost.mjs

import { type OtelContext, type Span, type SpanContext, TraceFlags, trace } from '../opentelemetry.ts';
import { idsText, spanIdIn, traceIdIn } from './ids-text.ts';
import type { ObservedRequest } from './observed-request.ts';

/** Who makes the span of a request when somebody asks for it. */
export interface SpanMaker {
  /** Ids of a trace that begins, and of its first span, as `ids-text.ts` has them. */
  drawIds(): string;
  /** Whether a trace of these ids is kept, whatever becomes of it. */
  isChosen(ids: string): boolean;
  begin(request: ObservedRequest, ids: string): Span;
}

/**
 * The part of a trace that a request is, and the context in which its handlers run: one that differs from the one outside by
 * the request's span. Nobody asks for most spans, so there is none until somebody does: what would be written down of them is on
 * the request. What `trace.setSpan` makes would be a copy of a map and three functions besides.
 */
export class RequestTrace implements OtelContext {
  /** Begun by us, and so ours to end. */
  readonly isOurs: boolean;
  private readonly request: ObservedRequest;
  private readonly outside: OtelContext;
  private readonly maker: SpanMaker | undefined;
  private made: Span | undefined;
  private ids: string | undefined = undefined;

  /** @param span of somebody else, or else `maker` begins one when it is asked for */
  constructor(
    request: ObservedRequest,
    outside: OtelContext,
    isOurs: boolean,
    span: Span | undefined,
    maker: SpanMaker | undefined,
  ) {
    this.request = request;
    this.outside = outside;
    this.isOurs = isOurs;
    this.made = span;
    this.maker = maker;
  }

  get span(): Span {
    if (this.made === undefined)
      this.made = this.request.endedAtMs === undefined ? this.begin() : trace.wrapSpanContext(this.drawnContext());
    return this.made;
  }

  /** Whether there is none yet. */
  get isUnasked(): boolean {
    return this.made === undefined;
  }

  /** The span, begun when the request was. */
  begin(): Span {
    this.made = (this.maker as SpanMaker).begin(this.request, this.drawn());
    return this.made;
  }

  get isRecording(): boolean {
    return this.made === undefined ? this.request.endedAtMs === undefined : isRecording(this.made);
  }

  /** Whether somebody keeps it, as far as is known. */
  get isSampled(): boolean {
    if (this.made === undefined) return this.maker?.isChosen(this.drawn()) === true;
    return (this.made.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  spanContext(): SpanContext {
    return this.made === undefined ? this.drawnContext() : this.made.spanContext();
  }

  /** Of a span that nobody has asked for. */
  drawn(): string {
    this.ids ??= (this.maker as SpanMaker).drawIds();
    return this.ids;
  }

  /** Its ids as a line of the log has them; `undefined` where it has none. */
  get text(): string | undefined {
    if (this.ids !== undefined) return this.ids;
    if (this.made === undefined) return this.drawn();
    const { traceId, spanId } = this.made.spanContext();
    if (traceId === NO_TRACE) return undefined;
    this.ids = idsText(traceId, spanId);
    return this.ids;
  }

  private drawnContext(): SpanContext {
    const ids = this.drawn();
    const isChosen = this.maker?.isChosen(ids) === true;
    return { traceId: traceIdIn(ids), spanId: spanIdIn(ids), traceFlags: isChosen ? TraceFlags.SAMPLED : TraceFlags.NONE };
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.outside.getValue(key);
  }

  setValue(key: symbol, value: unknown): OtelContext {
    return (key === SPAN_KEY ? this.outside : this.usual()).setValue(key, value);
  }

  deleteValue(key: symbol): OtelContext {
    return (key === SPAN_KEY ? this.outside : this.usual()).deleteValue(key);
  }

  private usual(): OtelContext {
    return this.outside.setValue(SPAN_KEY, this.span);
  }
}

export function isRecording(span: Span): boolean {
  return (span as Partial<Span>).isRecording?.() === true;
}

/** Ids of zeros are no ids. */
export const NO_TRACE: string = '0'.repeat(32);

/** Under which a context has its span: the API does not say, but uses it in front of everybody. */
export const SPAN_KEY: symbol = (() => {
  let found: symbol | undefined;
  const asked: OtelContext = {
    getValue(key) {
      found = key;
      return undefined;
    },
    setValue: () => asked,
    deleteValue: () => asked,
  };
  trace.getSpan(asked);
  return found as symbol;
})();
