import type { ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import type { Pipeline } from '../composition/step.ts';
import { httpError } from '../errors.ts';
import type { HttpRequest } from '../middleware.ts';
import type { Container, GivenRequest, Scope } from './contract.ts';

/** The scopes of each container, by request. On the request itself only the first can be. */
const scopes = new WeakMap<object, WeakMap<HttpRequest, () => Scope<unknown>>>();

/**
 * Gives each request a scope: `req.scope.get('orders')`, or `scopeOf(container, req)`. It is made when it is first asked for, and closed
 * once, when the answer is out or the client gone; what was made in it is disposed then, the last one first.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function scopePerRequest<Lasting, Scoped>(
  container: Container<Lasting, Scoped, GivenRequest>,
): Pipeline<HttpRequest, ServerResponse, { readonly scope: Scope<Lasting & Scoped & GivenRequest> }> {
  if (typeof container?.createScope !== 'function') {
    throw httpError(
      'HTTP_OPTION_INVALID',
      `scopePerRequest() got ${show(container)}; it takes a container: scopePerRequest(createContainer()).`,
    );
  }
  const ofRequests = scopes.get(container) ?? new WeakMap<HttpRequest, () => Scope<unknown>>();
  scopes.set(container, ofRequests);
  return (req, res, next) => {
    if (!ofRequests.has(req)) {
      const scope = lazyScope(container, req, res);
      ofRequests.set(req, scope);
      if (!('scope' in req)) Object.defineProperty(req, 'scope', { get: scope, configurable: true });
    }
    next();
  };
}

function lazyScope<L, S>(container: Container<L, S, GivenRequest>, req: HttpRequest, res: ServerResponse): () => Scope<unknown> {
  let scope: Scope<unknown> | undefined;
  return () => {
    if (scope !== undefined) return scope;
    const made: Scope<unknown> = container.createScope({ request: req });
    scope = made;
    const end = () => void made.close();
    // Closing twice changes nothing. Some responses that are made up for tests never close.
    res.once('finish', end).once('close', end);
    if (res.writableFinished || res.destroyed) end();
    return made;
  };
}

/**
 * The scope that `scopePerRequest(container)` gave a request, with the types of that container.
 *
 * @throws HTTP_DEPENDENCY_UNKNOWN where the request has passed none
 */
export function scopeOf<Lasting, Scoped>(
  container: Container<Lasting, Scoped, GivenRequest>,
  req: HttpRequest,
): Scope<Lasting & Scoped & GivenRequest> {
  const scope = scopes.get(container)?.get(req);
  if (scope === undefined) {
    throw httpError(
      'HTTP_DEPENDENCY_UNKNOWN',
      'This request has no scope of that container. Let it pass scopePerRequest(container) first: app.use(scopePerRequest(container)).',
    );
  }
  return scope() as Scope<Lasting & Scoped & GivenRequest>;
}
