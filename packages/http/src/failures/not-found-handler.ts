import { functionOption, type Option, printable, resolveOptions } from '@express-micro/core';
import { AppError, NotFoundError } from '../app-errors.ts';
import { optionInvalid } from '../errors.ts';
import type { Middleware } from '../middleware.ts';
import { targetOf } from './error-answer.ts';

/** A route, as far as a request can miss it: `micro.routes()` answers such. */
export interface KnownRoute {
  /** `GET`, …; `ALL` for every method. */
  readonly method: string;
  /** Templates of `/static/:name` segments. Others are not looked at. */
  readonly paths: readonly string[];
}

export interface NotFoundOptions {
  /** The routes that there are: then a path of theirs with another method is a 405 with `Allow`. @default none: always 404 */
  readonly routes?: (() => readonly KnownRoute[]) | undefined;
}

type RoutesOf = () => readonly KnownRoute[];
const TABLE: { readonly routes: Option<RoutesOf | undefined> } = {
  routes: functionOption<RoutesOf>('a function that answers a list of { method, paths }: () => micro.routes()'),
};

const MAX_PATH = 200;

/**
 * For what no route has answered: a 404 that says method and path, and goes to the error handler. `app.use(notFoundHandler())`,
 * behind the routes and before `errorHandler()`.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function notFoundHandler(options?: NotFoundOptions): Middleware {
  const { routes } = resolveOptions('notFoundHandler()', TABLE, options, optionInvalid);
  return function notFoundHandler(req, _res, next) {
    const path = targetOf(req);
    const what = `${req.method} ${printable(path, MAX_PATH)}`;
    const allowed = routes === undefined ? [] : methodsOf(routes(), path);
    if (allowed.length === 0 || allowed.includes(req.method ?? '')) {
      next(new NotFoundError(`Cannot ${what}`, { code: 'ROUTE_NOT_FOUND' }));
      return;
    }
    const headers = { allow: allowed.join(', ') };
    next(new AppError(`Cannot ${what}; allowed: ${headers.allow}`, { status: 405, code: 'METHOD_NOT_ALLOWED', headers }));
  };
}

function methodsOf(routes: readonly KnownRoute[], path: string): string[] {
  const segments = segmentsOf(path);
  const found = new Set<string>();
  for (const { method, paths } of routes) {
    if (method === 'ALL' || !paths.some((template) => fits(segmentsOf(template), segments))) continue;
    found.add(method);
    if (method === 'GET') found.add('HEAD');
  }
  return [...found].sort();
}

function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').toLowerCase().split('/');
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  return template.every((part, at) => (/^:\w+$/.test(part) ? segments[at] !== '' : part === segments[at]));
}
