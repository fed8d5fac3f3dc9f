import { markRouteName, show } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { Middleware } from '../middleware.ts';
import { quickenApp } from '../quick-app.ts';
import { type ContractOptions, resolveContractOptions } from './contract-options.ts';
import { statusesOf } from './declared-errors.ts';
import { byMatching } from './path.ts';
import type { Routes } from './route.ts';
import { checkRoutes } from './routes.ts';
import { type ServedRoute, serveRoute } from './served-route.ts';
import { writeAnswer } from './write-answer.ts';

/** What is needed of an app or a router, of Express 4 or 5. */
export interface MountTarget {
  route(path: string): unknown;
}

type Verbs = Readonly<Record<string, (...handlers: readonly Middleware[]) => unknown>>;

/**
 * Serves contracts on an Express app or router, each under its own method and path. Failures go to the app's error handler.
 *
 * Routes are declared with text before parameters (`/users/me` before `/users/:id`), whatever their order in the table: so they mean
 * the same as on Fastify.
 *
 * @throws HTTP_CONTRACT_INVALID, HTTP_SCHEMA_INVALID, HTTP_OPTION_INVALID before anything is mounted
 */
export function mountRoutes(target: MountTarget, table: Routes, options?: ContractOptions): void {
  const given: unknown = target;
  if (typeof given !== 'function' || typeof (given as Partial<MountTarget>).route !== 'function') {
    throw httpError('HTTP_CONTRACT_INVALID', `mountRoutes() takes an Express app or router first; it got ${show(given)}.`);
  }
  checkRoutes(table, 'mountRoutes()');
  const resolved = resolveContractOptions('mountRoutes()', options);
  quickenApp(target);
  const served = Object.entries(table)
    .map(([name, route]) => ({ name, ...route.definition, served: serveRoute(name, route, resolved) }))
    .sort(byMatching);
  for (const { name, method, path, errors, served: one } of served) {
    const verbs = target.route(path) as Verbs;
    verbs[method.toLowerCase()]?.(one.before, markRouteName(handlerOf(one), name, statusesOf(errors)));
  }
}

function handlerOf({ answer }: ServedRoute): Middleware {
  return function serveContract(req, res, next) {
    answer(req, res, req.params).then(
      (written) => {
        if (written === undefined) return;
        try {
          writeAnswer(res, written, next);
        } catch (error) {
          // A header that HTTP does not have.
          next(error);
        }
      },
      (error: unknown) => next(error ?? new Error('The handler failed without saying why.')),
    );
  };
}
