import { isMicroError, printable } from '@express-micro/core';
import { AppError } from '../app-errors.ts';

/**
 * Says that another service's refusal is ours, too, with its code and message: `.catch((error) => { throw passOn(error); })`.
 * For 4xx answers of a called service; any other error comes back as it is.
 */
export function passOn(error: unknown): unknown {
  if (!isMicroError(error) || error.code !== 'MESH_REMOTE_STATUS' || error.status < 400 || error.status > 499) return error;
  const { status } = error;
  const answer = (error as { data?: unknown }).data;
  const { code, message, errors, data } = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  const passed = new AppError(typeof message === 'string' ? printable(message, 1_000) : 'Refused by another service', {
    status,
    code: typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'MESH_REMOTE_STATUS',
    data,
    cause: error,
  });
  // What validation said there is about fields that may be called differently here; the caller has decided that it is not.
  return Array.isArray(errors) ? Object.assign(passed, { errors }) : passed;
}
