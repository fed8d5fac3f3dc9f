// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Instance } from '../directory/directory.ts';
import type { CallTransport, TransportFailure, TransportRequest, TransportStream } from '../transport/transport.ts';
import { DEADLINE } from '../wire.ts';
import type { BuiltRequest } from './arguments.ts';
import { builtFor, type Call, type CallAnswer, type CallRequest, type Done } from './call.ts';
import { explain } from './explain.ts';

/** Adds what proves to the other side who calls. */
export type Authorize = (headers: string[], instance: Instance, request: BuiltRequest) => void;

/** More of a failed stream's body is not worth reading for an error. */
const MAX_ERROR_BYTES = 65_536;

/** Innermost: the request as bytes to the instance that was picked. What throws before it is sent is a failure like any other. */
export function sendOver(transport: CallTransport, authorize: Authorize): Call {
  function outgoing(request: CallRequest): TransportRequest {
    const instance = request.instance as Instance;
    const built = builtFor(request, instance);
    const remainingMs = request.wantsStream ? undefined : leftMs(request.endsAtMs - request.nowMs);
    const headers = headersOf(request, built);
    // A stream has no deadline, and an id that the caller gives by a header stays the header it is.
    const own =
      remainingMs === undefined || built.headers['x-request-id'] !== undefined
        ? undefined
        : { requestId: request.requestId, remainingMs };
    if (own === undefined) sayApart(headers, request, built, remainingMs);
    return {
      origin: instance.url,
      instance: instance.id,
      method: built.method,
      path: built.query === '' ? built.path : `${built.path}?${built.query}`,
      headers,
      own,
      body: built.body,
      cancellation: request.cancellation,
      route: request.function,
      wantsHead: request.wantsHead,
      isTraced: request.carried?.traceparent !== undefined,
      way: undefined,
      prove: (proven) => authorize(proven, instance, built),
    };
  }

  function stream(request: CallRequest, sent: TransportRequest, done: Done): void {
    const streamed = { ...sent, explain: (failure: TransportFailure) => explain(request, failure) as Error };
    request.sent = streamed;
    transport
      .stream(streamed)
      .then(acceptStream)
      .then(
        (answer) => done(answer, undefined),
        (failure: unknown) => done(undefined, failure),
      );
  }

  return (request, done) => {
    let sent: TransportRequest;
    try {
      sent = outgoing(request);
    } catch (error) {
      done(undefined, error);
      return;
    }
    request.isSent = true;
    if (request.wantsStream) return stream(request, sent, done);
    request.sent = sent;
    transport.request(sent, done);
  };
}

/**
 * Whole milliseconds, and never none: whoever has no time left is not called. A stream is sent without: its time ends with
 * its head, and a caller who goes away ends the connection.
 */
function leftMs(ms: number): number {
  return Math.max(1, Math.floor(ms));
}

/** Reads the body of an error here, where the deadline still holds. */
async function acceptStream(answer: TransportStream): Promise<CallAnswer> {
  if (answer.status < 400) return answer;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MAX_ERROR_BYTES) break;
  }
  return { ...answer, body: Buffer.concat(chunks) };
}

/** The two where they do not go together. */
function sayApart(headers: string[], { requestId }: CallRequest, built: BuiltRequest, remainingMs: number | undefined): void {
  if (built.headers['x-request-id'] === undefined) headers.unshift('x-request-id', requestId);
  if (remainingMs !== undefined) headers.push(DEADLINE, String(remainingMs));
}

/** What the caller gives by a header of his own is not given a second time. */
function headersOf({ options, context, carried }: CallRequest, built: BuiltRequest): string[] {
  const own = built.headers;
  const headers: string[] = [];
  if (carried !== undefined) {
    for (const name in carried) if (own[name] === undefined) headers.push(name, carried[name] as string);
  } else if (context?.traceparent !== undefined && own.traceparent === undefined) {
    headers.push('traceparent', context.traceparent);
    if (context.tracestate !== undefined && own.tracestate === undefined) headers.push('tracestate', context.tracestate);
  }
  if (options.idempotencyKey !== undefined) headers.push('idempotency-key', options.idempotencyKey);
  for (const name in own) {
    if (name !== 'idempotency-key' || options.idempotencyKey === undefined) headers.push(name, own[name] as string);
  }
  return headers;
}
