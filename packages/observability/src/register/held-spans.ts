// Hot path: every span of a trace that is probably not kept. Its bench: bench/observed-cost.mjs

import { SpanKind, SpanStatusCode } from '../opentelemetry.ts';
import { durationOf } from './kept-span.ts';
import type { HeldTrace, LightSpan } from './light-span.ts';
import type { Keep } from './settings.ts';

/** Holds back what was not chosen, until it is known what became of it. */
export interface HeldSpans {
  /** From now on others may come to know of this span, which is open: those below it are decided with it. */
  hold(span: LightSpan): void;
  /** Whether or not it was held. */
  ended(span: LightSpan): void;
  /** Whether the first span of a trace is kept, of which this is known. */
  isWorthKeeping(hasFailed: boolean, durationMs: number): boolean;
}

/** A trace with more spans is a loop, or a batch; the first tell what it is. */
const MAX_SPANS = 1_000;
/** Streams that are read for hours hold theirs so long. */
const MAX_HELD = 5_000;

interface HeldOptions {
  readonly keep: Keep;
  readonly onKept: (span: LightSpan) => void;
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
  const traces = new Map<string, HeldTrace>();

  function open(traceId: string): HeldTrace {
    if (traces.size >= MAX_HELD) forgetOldest();
    const held: HeldTrace = { spans: [], open: 0, isWorthKeeping: false, isForgotten: false };
    traces.set(traceId, held);
    return held;
  }

  function forgetOldest(): void {
    const [oldest] = traces;
    if (oldest === undefined) return;
    const [traceId, held] = oldest;
    traces.delete(traceId);
    held.isForgotten = true;
    onDropped(held.spans.length);
  }

  function isWorthKeeping(span: LightSpan): boolean {
    const { status, kind, parent } = span;
    if (keep.errors && status.code === SpanStatusCode.ERROR && !isRefusal(span)) return true;
    if (keep.slowMs === undefined) return false;
    const isLocalRoot = parent === undefined || kind === SpanKind.SERVER || kind === SpanKind.CONSUMER;
    return isLocalRoot && durationOf(span) >= keep.slowMs;
  }

  return {
    isWorthKeeping: (hasFailed, durationMs) =>
      (hasFailed && keep.errors) || (keep.slowMs !== undefined && durationMs >= keep.slowMs),

    hold(span) {
      const { traceId } = span.spanContext();
      const held = traces.get(traceId) ?? open(traceId);
      held.open += 1;
      if (held.spans.length < MAX_SPANS) held.spans.push(span);
      span.held = held;
    },

    ended(span) {
      const { held } = span;
      // Most requests: nothing was done within, and nobody was told of them.
      if (held === undefined) {
        if (isWorthKeeping(span)) onKept(span);
        return;
      }
      if (held.isForgotten) return;
      held.open -= 1;
      if (!held.isWorthKeeping) held.isWorthKeeping = isWorthKeeping(span);
      if (held.open > 0) return;
      traces.delete(span.spanContext().traceId);
      if (held.isWorthKeeping) for (const one of held.spans) onKept(one);
    },
  };
}

/** A 404 that a caller was given is an error of his span, by convention, and seldom one that anybody looks for. */
function isRefusal(span: LightSpan): boolean {
  const status = span.attributes?.['http.response.status_code'];
  return typeof status === 'number' && status < 500;
}
