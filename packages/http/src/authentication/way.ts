import type { HttpRequest } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import type { SecurityScheme } from '../security-mark.ts';

/** One way to say who one is: a token, an API key, a call from another service; or one of yours, such as a client certificate. */
export interface Way {
  /** What a request that holds nothing of any way is asked for in `WWW-Authenticate`: `Bearer`. */
  readonly challenge: string;
  /** How OpenAPI is to show it, by name: `{ bearer: { type: 'http', scheme: 'bearer' } }`. @default it is not shown */
  readonly schemes?: Readonly<Record<string, SecurityScheme>> | undefined;
  /**
   * Who the request is from. `undefined`: it holds nothing of this kind, and the next way is asked. Throws or rejects where it does
   * and that is wrong (`UnauthorizedError`): no other way is asked then.
   */
  identify(req: HttpRequest): Principal | undefined | Promise<Principal | undefined>;
}

/** What a token says, verified and frozen. */
export type TokenClaims = Readonly<Record<string, unknown>> & { readonly sub: string; readonly exp: number };

/** A user with a token: `req.principal`, and `req.user` too. */
export interface UserPrincipal extends Principal {
  readonly kind: 'user';
  readonly claims: TokenClaims;
}

export function isWay(value: unknown): value is Way {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Way>).identify === 'function';
}
