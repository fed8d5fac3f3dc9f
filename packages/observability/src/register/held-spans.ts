// Hot path: every span of a trace that is probably not kept. Its bench: bench/observed-cost.mjs

import { SpanKind, SpanStatusCode } from '../opentelemetry.ts';
import type { LightSpan, LightSpans } from './light-span.ts';
import type { ReadableSpan } from './sdk-trace.ts';
import type { Keep } from './settings.ts';

type Scope = ReadableSpan['instrumentationScope'];

/** What this process did for one trace, while it is not known whether it is kept. */
interface Held {
  readonly spans: LightSpan[];
  readonly scopes: Scope[];
  /** Begun and not ended. */
  open: number;
  isWorthKeeping: boolean;
}

export interface HeldSpans extends LightSpans {
  /** Answers the same span. */
  begin(span: LightSpan, scope: Scope): LightSpan;
}

/** A trace with more spans is a loop, or a batch; the first tell what it is. */
const MAX_SPANS = 1_000;
/** Streams that are read for hours hold theirs so long. */
const MAX_HELD = 5_000;

interface HeldOptions {
  readonly keep: Keep;
  readonly onKept: (span: LightSpan, scope: Scope) => void;
  /** Too many are open at once: one with so many spans is given up. */
  readonly onDropped: (spans: number) => void;
}

/**
 * Holds back what was not chosen, until the last span of its trace in this process has ended: where one of them failed, or a
 * request was slow, all of them are kept, else none.
 *
 * Each process decides by what it has seen. A failure and a long wait are seen by all above it, so a trace has them and the
 * way to them; what went well and fast beside them may be missing.
 */
export function createHeldSpans({ keep, onKept, onDropped }: HeldOptions): HeldSpans {
  const traces = new Map<string, Held>();

  function forgetOldest(): void {
    const [oldest] = traces;
    if (oldest === undefined) return;
    traces.delete(oldest[0]);
    onDropped(oldest[1].spans.length);
  }

  function isWorthKeeping(span: LightSpan): boolean {
    const { status, kind, parent } = span;
    if (keep.errors && status.code === SpanStatusCode.ERROR && !isRefusal(span)) return true;
    const isLocalRoot = kind === SpanKind.SERVER || kind === SpanKind.CONSUMER || parent === undefined;
    return keep.slowMs !== undefined && isLocalRoot && span.durationMs() >= keep.slowMs;
  }

  return {
    begin(span, scope) {
      const { traceId } = span.spanContext();
      let held = traces.get(traceId);
      if (held === undefined) {
        if (traces.size >= MAX_HELD) forgetOldest();
        held = { spans: [], scopes: [], open: 0, isWorthKeeping: false };
        traces.set(traceId, held);
      }
      held.open += 1;
      if (held.spans.length < MAX_SPANS) {
        held.spans.push(span);
        held.scopes.push(scope);
      }
      return span;
    },

    ended(span) {
      const { traceId } = span.spanContext();
      const held = traces.get(traceId);
      if (held === undefined) return;
      held.open -= 1;
      if (!held.isWorthKeeping) held.isWorthKeeping = isWorthKeeping(span);
      if (held.open > 0) return;
      traces.delete(traceId);
      if (held.isWorthKeeping) for (const [at, one] of held.spans.entries()) onKept(one, held.scopes[at] as Scope);
    },
  };
}

/** A 404 that a caller was given is an error of his span, by convention, and seldom one that anybody looks for. */
function isRefusal(span: LightSpan): boolean {
  const status = span.attribute('http.response.status_code');
  return typeof status === 'number' && status < 500;
}
