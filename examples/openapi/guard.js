// #region guard
import { markSecurity, UnauthorizedError } from '@express-micro/http';

/** @param {string} secret */
export function partnersOnly(secret) {
  /** @type {import('@express-micro/http').Middleware} */
  const guard = (req, _res, next) => next(req.headers['x-partner'] === secret ? undefined : new UnauthorizedError());
  return markSecurity(guard, { schemes: { partner: { type: 'apiKey', in: 'header', name: 'X-Partner' } } });
}
// #endregion
