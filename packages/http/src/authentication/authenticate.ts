import type { ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import type { IdentifyingMiddleware } from '../composition/step.ts';
import { optionInvalid } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import { markSecurity } from '../security-mark.ts';
import { isThenable } from '../thenable.ts';
import { unauthenticated } from './refusals.ts';
import type { TokenOptions } from './token-options.ts';
import { createTokens } from './tokens.ts';
import { isWay, type Way } from './way.ts';

declare global {
  namespace Express {
    // As @types/passport has it, so that both can be there. What is in it, an app says: `interface User extends UserPrincipal {}`.
    interface User {}
    interface Request {
      principal?: Principal | undefined;
      user?: User | undefined;
    }
  }
}

/**
 * Lets in who says, in one of these ways, who it is; 401 otherwise. `req.principal` is who, and `req.user` too for users. The ways are
 * tried in their order. What is there and wrong is refused, also where something else of the request would do.
 *
 * @example
 * app.get('/me', authenticate({ secret: process.env.JWT_SECRET }), (req, res) => res.json(req.user));
 * app.get('/report', authenticate(tokens, apiKeys, serviceCallers()), report);
 *
 * @throws HTTP_OPTION_INVALID, and what `createTokens()` throws
 */
export function authenticate(...ways: readonly Way[] | readonly [options?: TokenOptions]): IdentifyingMiddleware {
  return identifying('authenticate()', ways, false);
}

/** The same for routes that serve strangers, too: nobody is refused for showing nothing. What is there and wrong still is. */
export function identify(...ways: readonly Way[] | readonly [options?: TokenOptions]): Middleware {
  return identifying('identify()', ways, true);
}

function identifying(owner: string, given: readonly (Way | TokenOptions | undefined)[], isOptional: boolean): Middleware {
  const ways = waysOf(owner, given);
  const challenges = ways.map(({ challenge }) => challenge);

  const guard = (req: HttpRequest, _res: ServerResponse, next: Next): void => {
    const stranger = () => (isOptional ? next() : next(unauthenticated(challenges)));
    const known = (principal: Principal) => {
      req.principal = principal;
      if (principal.kind === 'user') (req as { user?: unknown }).user = principal;
      next();
    };
    const ask = (from: number): void => {
      for (let at = from; at < ways.length; at += 1) {
        let found: ReturnType<Way['identify']>;
        try {
          found = (ways[at] as Way).identify(req);
        } catch (error) {
          next(error);
          return;
        }
        // A promise taken for a principal would let everybody in.
        if (isThenable(found)) {
          Promise.resolve(found).then((principal) => (principal ? known(principal) : ask(at + 1)), next);
          return;
        }
        if (found) {
          known(found);
          return;
        }
      }
      stranger();
    };
    ask(0);
  };
  return markSecurity(guard, { schemes: Object.assign({}, ...ways.map((way) => way.schemes)), isOptional });
}

function waysOf(owner: string, given: readonly (Way | TokenOptions | undefined)[]): readonly Way[] {
  if (given.length > 0 && given.every(isWay)) return given as readonly Way[];
  if (given.some(isWay) || given.length > 1)
    throw optionInvalid(
      `${owner} takes ways to say who one is (createTokens(…), createApiKeys(…), serviceCallers(…)), or the options of createTokens(); it got ${given.map(show).join(', ')}.`,
    );
  return [createTokens(given[0] as TokenOptions | undefined)];
}
