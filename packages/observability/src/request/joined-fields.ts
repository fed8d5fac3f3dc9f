import { type Context, currentContext } from '@express-micro/core';
import { traceOf } from './trace-ids.ts';

/** What joins a line to its request. `trace_id` and `span_id` are OpenTelemetry's own names for them in logs. */
export interface JoinedFields {
  readonly requestId?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  /** The service that made the call, where it has proven to be that. */
  readonly caller?: string;
}

/**
 * The fields that join whatever happens now to the request that is served: for a logger of your own, such as
 * `pino({ mixin: joinedFields })`. Nothing outside of a request.
 */
export function joinedFields(): JoinedFields {
  return fieldsOf(currentContext());
}

export function fieldsOf(context: Context | undefined): JoinedFields {
  if (context === undefined) return {};
  const trace = traceOf(context);
  return {
    requestId: context.requestId,
    ...(trace !== undefined && { trace_id: trace.traceId, span_id: trace.spanId }),
    ...(context.caller !== undefined && { caller: context.caller.service }),
  };
}

/**
 * The same as a piece of JSON that begins with a comma. Ids are of safe characters by their own rules, so nothing needs to
 * be escaped but a name.
 */
export function jsonOf(context: Context): string {
  let text = `,"requestId":"${context.requestId}"`;
  const trace = traceOf(context);
  if (trace !== undefined) text += `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`;
  if (context.caller !== undefined) text += `,"caller":${JSON.stringify(context.caller.service)}`;
  return text;
}
