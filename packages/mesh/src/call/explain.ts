import { Readable } from 'node:stream';
import { meshError } from '../errors.ts';
import { TransportFailure } from '../transport/transport.ts';
import type { CallRequest } from './call.ts';

/** Turns what the transport says into the error that callers know, with the facts of the call. Other errors stay as they are. */
export function explain(request: CallRequest, failure: unknown): unknown {
  if (!(failure instanceof TransportFailure)) return failure;
  if (failure.phase === 'cancelled') return request.cancellation.reason ?? failure.cause;
  const { service, instance, requestId, failed, upload } = request;
  const facts = { service: service.name, function: request.function, instance: instance?.id, requestId, cause: failure.cause };
  const reason = (failure.cause as { code?: string } | undefined)?.code ?? (failure.cause as Error).message;
  if (upload instanceof Readable && upload.errored !== null) {
    const message = `The stream that was to be the body of ${service.name}.${request.function} failed: ${upload.errored.message}.`;
    return meshError('MESH_ARGUMENT_INVALID', message, { ...facts, cause: upload.errored });
  }
  if (failure.phase === 'lost') {
    return meshError(
      'MESH_CONNECTION_LOST',
      `Service Unavailable: ${service.name} (the connection to ${instance?.url} was lost during ${request.function}: ${reason}). ` +
        'The call may have been executed; repeat it only if that does no harm.',
      { ...facts, retryable: false, details: { mayHaveExecuted: true } },
    );
  }
  const tried = (failed ?? []).map((one) => one.url).join(', ');
  return meshError(
    'MESH_SERVICE_UNAVAILABLE',
    `Service Unavailable: ${service.name} (${failure.phase}: ${tried === '' ? instance?.url : tried}; ${reason}). The call was not executed; it may be repeated.`,
    { ...facts, details: { mayHaveExecuted: false } },
  );
}
