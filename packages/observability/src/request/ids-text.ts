/**
 * The ids of a span as a line of the log has them: a piece of JSON that begins with a comma. Written as a whole where they are
 * drawn, they cost a line one piece of text instead of five, and a span that nobody asks for none.
 */
const BEFORE_TRACE = ',"trace_id":"';
const BEFORE_SPAN = '","span_id":"';
const BEHIND = '"';
const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

/** Where ids stand in such a text. */
export const TRACE_AT: number = BEFORE_TRACE.length;
export const SPAN_AT: number = TRACE_AT + TRACE_DIGITS + BEFORE_SPAN.length;
const TRACE_END = TRACE_AT + TRACE_DIGITS;
const SPAN_END = SPAN_AT + SPAN_DIGITS;

export function idsText(traceId: string, spanId: string): string {
  return `${BEFORE_TRACE}${traceId}${BEFORE_SPAN}${spanId}${BEHIND}`;
}

export const traceIdIn = (ids: string): string => ids.slice(TRACE_AT, TRACE_END);

export const spanIdIn = (ids: string): string => ids.slice(SPAN_AT, SPAN_END);
