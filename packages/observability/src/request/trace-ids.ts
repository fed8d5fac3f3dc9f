import type { Context } from '@express-micro/core';

export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; ids of zeros are no ids. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(?:$|-)/;

/** The trace that a request belongs to, and the span that it came from: nobody here opens spans of their own. */
export function traceOf({ traceparent }: Context): TraceIds | undefined {
  if (traceparent === undefined) return undefined;
  const ids = TRACEPARENT.exec(traceparent);
  return ids === null ? undefined : { traceId: ids[1] as string, spanId: ids[2] as string };
}
