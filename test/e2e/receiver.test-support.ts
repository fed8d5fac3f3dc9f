import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach } from 'vitest';

/** A span as a collector got it: see examples/observability/otlp-receiver.js, which is run here as it is. */
export interface Span {
  readonly service: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly traceId: string;
  readonly spanId: string;
  readonly tracestate: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly isError: boolean;
  readonly problem: string | undefined;
}

export interface Receiver {
  readonly spans: readonly Span[];
  readonly http: string;
  readonly grpc: string;
  close(): void;
}

const RECEIVER = pathToFileURL(path.join(import.meta.dirname, '../../examples/observability/otlp-receiver.js')).href;
const open = new Set<Receiver>();
afterEach(() => {
  for (const receiver of open) receiver.close();
  open.clear();
});

/** Closed after the test. */
export async function startReceiver(): Promise<Receiver> {
  const { startReceiver: start } = (await import(RECEIVER)) as { startReceiver: () => Promise<Receiver> };
  const receiver = await start();
  open.add(receiver);
  return receiver;
}

/** Those of the trace to which the request with this id belongs. */
export function traceOf(spans: readonly Span[], requestId: string): readonly Span[] {
  const ids = new Set(
    spans.filter(({ attributes }) => attributes['express_micro.request_id'] === requestId).map(({ traceId }) => traceId),
  );
  return spans.filter(({ traceId }) => ids.has(traceId));
}

/** Each span below its parent, one a line: what a trace looks like, without times. Siblings stand by name. */
export function outline(
  spans: readonly Span[],
  tell: (span: Span) => string = ({ service, name }) => `${service} ${name}`,
): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter(({ parentSpanId }) =>
        depth === 0 ? parentSpanId === undefined || !ids.has(parentSpanId) : parentSpanId === parent,
      )
      .map((span) => [`${'  '.repeat(depth)}${tell(span)}`, ...below(span.spanId, depth + 1)])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
      .flat();
  return below(undefined, 0);
}

/** Spans whose parent is nowhere, though it is no request's first. */
export function orphansIn(spans: readonly Span[]): readonly Span[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentSpanId, kind }) => (parentSpanId === undefined ? kind !== 'server' : !ids.has(parentSpanId)));
}
