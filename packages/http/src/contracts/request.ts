import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { currentContext, entranceOf, type Lifetime, requestIdOf } from '@express-micro/core';
import type { HttpRequest } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import type { ErrorMakers } from './declared-errors.ts';
import type { BodyOf, ParamsOf, PrincipalOf, QueryOf, RouteDefinition } from './definition.ts';

/** What a handler gets: the same object on every framework. */
export interface ContractRequest<D extends RouteDefinition = RouteDefinition> {
  readonly params: ParamsOf<D>;
  readonly query: QueryOf<D>;
  readonly body: BodyOf<D>;
  /** The declared errors, to be thrown: `throw errors.OUT_OF_STOCK({ sku })`. */
  readonly errors: ErrorMakers<D>;
  readonly headers: IncomingHttpHeaders;
  /** Who calls, when a guard has found out; sure behind `authenticate(…)` in `use`. */
  readonly principal: PrincipalOf<D>;
  readonly requestId: string;
  /** Aborted when the caller goes away before it is answered, or when its time is up. For `fetch`, SQL, calls. */
  readonly signal: AbortSignal;
  /** Node's own, with what the framework has put on them. Who answers by `raw.res` returns nothing. */
  readonly raw: { readonly req: HttpRequest; readonly res: ServerResponse };
}

/** Most handlers ask for little: what costs something is a getter. */
export class ServedRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly errors: unknown;
  readonly raw: { readonly req: HttpRequest; readonly res: ServerResponse };

  constructor(
    parts: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
    errors: unknown,
    raw: { readonly req: HttpRequest; readonly res: ServerResponse },
  ) {
    this.params = parts.params;
    this.query = parts.query;
    this.body = parts.body;
    this.errors = errors;
    this.raw = raw;
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.req.headers;
  }

  get principal(): Principal | undefined {
    return this.raw.req.principal;
  }

  get requestId(): string {
    return requestIdOf(this.raw.req);
  }

  get signal(): AbortSignal {
    return signalOf(this.raw.req, this.raw.res);
  }
}

const signals = new WeakMap<ServerResponse, AbortSignal>();

/** That of the mesh, which knows how long the caller waits; else one that ends with the connection. */
function signalOf(req: HttpRequest, res: ServerResponse): AbortSignal {
  const lifetime = lifetimeOf(req);
  if (lifetime !== undefined) return lifetime.signal;
  // The mesh's own, on the request: where nobody keeps a context. Node's `signal`, from 24 on, comes without a deadline.
  const { signal } = req as { readonly signal?: unknown };
  if (signal instanceof AbortSignal && 'deadline' in req) return signal;
  const known = signals.get(res);
  if (known !== undefined) return known;
  const controller = new AbortController();
  const gone = () => controller.abort(new Error('The client went away before it was answered.'));
  if (res.destroyed && !res.writableFinished) gone();
  else res.once('close', () => res.writableFinished || gone());
  signals.set(res, controller.signal);
  return controller.signal;
}

function lifetimeOf(req: HttpRequest): Lifetime | undefined {
  return entranceOf(req)?.context?.lifetime ?? currentContext()?.lifetime;
}
