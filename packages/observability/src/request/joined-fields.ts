import { type Context, currentContext } from '@express-micro/core';
import { traceJsonNow, traceNow } from './trace-ids.ts';

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
 * `pino({ mixin: joinedFields })`. Outside of a request, those of the span at work.
 */
export function joinedFields(): JoinedFields {
  return fieldsOf(currentContext());
}

export function fieldsOf(context: Context | undefined): JoinedFields {
  const trace = traceNow(context);
  const ids = trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId };
  if (context === undefined) return ids;
  return {
    requestId: context.requestId,
    ...ids,
    ...(context.caller !== undefined && { caller: context.caller.service }),
  };
}

/**
 * The same as a piece of JSON that begins with a comma. Ids are of safe characters by their own rules, so nothing needs to
 * be escaped but a name.
 */
export function jsonOf(context: Context | undefined): string {
  if (context === undefined) return traceJsonNow(context);
  const text = `,"requestId":"${context.requestId}"${traceJsonNow(context)}`;
  return context.caller === undefined ? text : `${text},"caller":${JSON.stringify(context.caller.service)}`;
}
