import type { Span, SpanOptions } from '../opentelemetry.ts';

/** What the SDK that `register` starts offers beyond OpenTelemetry's API. */
export interface OwnSdk {
  /** Sends the spans that are held. */
  flush(): Promise<void>;
  /** For spans that most likely nobody asks for, and that are thrown away. */
  readonly roots: RootSpans;
}

/** The first spans of new traces, in which nothing else was begun, and of whose ids nobody is told but the log. */
export interface RootSpans {
  /** Ids of a trace and its first span, as `request/ids-text.ts` has them. */
  drawIds(): string;
  /** Whether a trace of these ids is kept whatever becomes of it. */
  isChosen(ids: string): boolean;
  /** Whether it is, now that it is known what became of it. */
  isWorthKeeping(ids: string, hasFailed: boolean, durationMs: number): boolean;
  /** A span that has these ids. */
  begin(name: string, options: SpanOptions, ids: string): Span;
}

/** Known to both entries of this package, which share nothing else. */
const OWN: unique symbol = Symbol.for('express-micro.traces.1') as never;
type Global = { [OWN]?: OwnSdk };

/** Who started the SDK says what it can do. */
export function offerSdk(sdk: OwnSdk): void {
  (globalThis as Global)[OWN] = sdk;
}

/** `undefined` where the SDK of this process is none, or another one than the one that we start. */
export function ownSdk(): OwnSdk | undefined {
  return (globalThis as Global)[OWN];
}

/** Sends the spans that are held, where we started the SDK: whoever brought another one ends it himself. */
export function flushTraces(): Promise<void> {
  return ownSdk()?.flush() ?? Promise.resolve();
}
