import { STATUS_CODES } from 'node:http';
import type { ErrorKind, MicroError } from '@express-micro/core';

/** What says something to a client: that somebody else is not there, is late, or has too much to do. */
const TELLING: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['unavailable', 'deadline_exceeded', 'resource_exhausted']);

/**
 * What a client reads of a failure that nobody caught: of a call the remote's own status, 503 and 504, and that we called
 * wrongly is not its fault. Nothing of its text, which is for the people who run the service.
 */
export function uncaughtAnswer(error: MicroError): { readonly status: number; readonly body: string } {
  const { requestId, isOperational } = error as { requestId?: string; isOperational?: boolean };
  // An error that the app has made for its clients, and says to be a defect: its code is not for them either.
  const isDefect = isOperational !== undefined;
  const isTelling = !isDefect && (error.code === 'MESH_REMOTE_STATUS' || TELLING.has(error.kind));
  const status = isTelling ? error.status : 500;
  const code = isDefect ? 'INTERNAL' : error.code;
  return { status, body: JSON.stringify({ error: STATUS_CODES[status] ?? 'Error', code, requestId }) };
}
