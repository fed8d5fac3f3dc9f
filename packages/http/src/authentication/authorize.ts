import type { ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import type { IdentifyingMiddleware } from '../composition/step.ts';
import { optionInvalid } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import { markSecurity } from '../security-mark.ts';
import { forbidden, unauthenticated } from './refusals.ts';

/**
 * Lets in who has one of these roles: 401 where nobody knows who it is, 403 where it has none of them.
 *
 * @example
 * app.delete('/users/:id', authenticate(tokens), authorize('admin'), deleteUser);
 */
export function authorize(...roles: readonly [string, ...string[]]): IdentifyingMiddleware {
  refuseNames('authorize()', 'roles', roles);
  return deciding(({ roles: has }) => roles.some((role) => has.includes(role)), `Needs ${listed('role', roles)}.`);
}

/** Lets in who has all of these permissions, as its token or its key says. */
export function requirePermissions(...permissions: readonly [string, ...string[]]): IdentifyingMiddleware {
  refuseNames('requirePermissions()', 'permissions', permissions);
  return deciding(
    ({ permissions: has }) => permissions.every((permission) => has.includes(permission)),
    `Needs ${listed('permission', permissions, 'and')}.`,
  );
}

/**
 * Lets in whom a function of yours lets in: whose order it is, say. 401 where nobody knows who it is; 403 for anything but `true`. What
 * it throws is the request's error.
 *
 * @example
 * app.get('/users/:id', authenticate(tokens), authorizeIf((req) => req.params.id === req.principal.id), showUser);
 */
export function authorizeIf<R extends HttpRequest = HttpRequest>(
  isAllowed: (req: R & { principal: Principal }) => boolean | Promise<boolean>,
): (req: R, res: ServerResponse, next: Next) => void {
  if (typeof isAllowed !== 'function')
    throw optionInvalid(`authorizeIf() takes a function that says who may; it got ${show(isAllowed)}.`);
  return (req, _res, next) => {
    const { principal } = req;
    if (principal === undefined) return next(unauthenticated());
    const decide = (answer: boolean) => (answer === true ? next() : next(forbidden(principal.kind)));
    let answer: boolean | Promise<boolean>;
    try {
      answer = isAllowed(req as R & { principal: Principal });
    } catch (error) {
      return next(error);
    }
    if (typeof answer === 'boolean') decide(answer);
    else Promise.resolve(answer).then(decide, next);
  };
}

/** What {@link createRoles} knows: only names that are in the map pass the compiler. */
export interface Roles<Role extends string, Permission extends string> {
  authorize(...roles: readonly [Role, ...Role[]]): IdentifyingMiddleware;
  /** By role, and by what a token or a key says itself. */
  requirePermissions(...permissions: readonly [Permission, ...Permission[]]): IdentifyingMiddleware;
  /** All that somebody may. */
  permissionsOf(principal: Principal): ReadonlySet<string>;
}

/**
 * What each role may do, said once. A role or a permission that is not in it is an error of the compiler, and at start.
 *
 * @example
 * const roles = createRoles({ admin: ['orders:read', 'orders:write'], clerk: ['orders:read'] });
 * app.post('/orders', authenticate(tokens), roles.requirePermissions('orders:write'), createOrder);
 */
export function createRoles<const M extends Readonly<Record<string, readonly string[]>>>(
  map: M,
): Roles<keyof M & string, M[keyof M][number]> {
  // A Map: a role from a token may be called `constructor`.
  const byRole = new Map(Object.entries(map).map(([role, permissions]) => [role, Object.freeze([...permissions])] as const));
  const all = new Set([...byRole.values()].flat());
  const permissionsOf = ({ roles, permissions }: Principal): ReadonlySet<string> =>
    new Set([...permissions, ...roles.flatMap((role) => byRole.get(role) ?? [])]);
  return Object.freeze({
    authorize(...roles: readonly [string, ...string[]]) {
      refuseNames('authorize()', 'roles', roles, byRole);
      return authorize(...roles);
    },
    requirePermissions(...permissions: readonly [string, ...string[]]) {
      refuseNames('requirePermissions()', 'permissions', permissions, all);
      return deciding(
        (principal) => {
          const has = permissionsOf(principal);
          return permissions.every((permission) => has.has(permission));
        },
        `Needs ${listed('permission', permissions, 'and')}.`,
      );
    },
    permissionsOf,
  });
}

function deciding(isAllowed: (principal: Principal) => boolean, demands: string): Middleware {
  const guard: Middleware = ({ principal }, _res, next) => {
    if (principal === undefined) next(unauthenticated());
    else if (isAllowed(principal)) next();
    else next(forbidden(principal.kind));
  };
  return markSecurity(guard, { demands });
}

/** `the role "admin" or "clerk"` */
function listed(what: string, names: readonly string[], word = 'or'): string {
  return `the ${what} ${names.map((name) => `"${name}"`).join(` ${word} `)}`;
}

/** `authorize()` would let nobody in, and `requirePermissions()` everybody: neither is what was meant. */
function refuseNames(
  owner: string,
  what: string,
  names: readonly unknown[],
  known?: { has(name: string): boolean; keys(): Iterable<string> },
): void {
  if (names.length === 0 || names.some((name) => typeof name !== 'string' || name === ''))
    throw optionInvalid(
      `${owner} takes the names of ${what}; it got ${names.length === 0 ? 'none' : names.map(show).join(', ')}.`,
    );
  const unknown = names.find((name) => known?.has(name as string) === false);
  if (unknown !== undefined)
    throw optionInvalid(
      `${owner} got "${unknown}", which createRoles() was not told of. The ${what} are: ${[...(known?.keys() ?? [])].join(', ')}.`,
    );
}
