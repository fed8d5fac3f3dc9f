import Module, { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export type Handler = (...args: never[]) => unknown;

/** The part of a router that all versions have. */
export interface AnyRouter {
  (...args: never[]): unknown;
  use(...args: unknown[]): unknown;
  all(path: unknown, ...handlers: Handler[]): unknown;
  get(path: unknown, ...handlers: Handler[]): unknown;
  post(path: unknown, ...handlers: Handler[]): unknown;
  put(path: unknown, ...handlers: Handler[]): unknown;
  patch(path: unknown, ...handlers: Handler[]): unknown;
  delete(path: unknown, ...handlers: Handler[]): unknown;
  route(path: unknown): AnyRoute;
}

export interface AnyRoute {
  all(...handlers: Handler[]): AnyRoute;
  get(...handlers: Handler[]): AnyRoute;
  post(...handlers: Handler[]): AnyRoute;
}

export interface AnyApp extends AnyRouter {
  enable(setting: string): unknown;
  handle(...args: unknown[]): unknown;
}

export interface Express {
  (): AnyApp;
  Router(options?: object): AnyRouter;
}

/** Express 5 over another router: loaded anew, with `router` leading to the alias that is installed at the root. */
function expressOver(alias: string): Express {
  const resolver = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string };
  const resolve = resolver._resolveFilename;
  const entry = require.resolve('express');
  const isOurs = (file: string) => /\/node_modules\/(?:express|router\d*)\//.test(file);
  const cached = Object.keys(require.cache).filter(isOurs);
  const kept = new Map(cached.map((file) => [file, require.cache[file]]));
  for (const file of cached) delete require.cache[file];
  resolver._resolveFilename = (request, ...rest) => resolve.call(Module, request === 'router' ? alias : request, ...rest);
  try {
    return require(entry) as Express;
  } finally {
    resolver._resolveFilename = resolve;
    for (const file of Object.keys(require.cache).filter(isOurs)) delete require.cache[file];
    for (const [file, module] of kept) require.cache[file] = module;
  }
}

export interface Copy {
  readonly title: string;
  readonly major: 4 | 5;
  readonly express: Express;
}

const express5 = require('express') as Express;
const express4 = require('express4') as Express;

export const copies: readonly Copy[] = [
  { title: 'Express 4', major: 4, express: express4 },
  { title: 'Express 5 over router 2.0', major: 5, express: expressOver('router20') },
  { title: 'Express 5 over router 2.1', major: 5, express: expressOver('router21') },
  { title: 'Express 5 over router 2.2', major: 5, express: expressOver('router22') },
  { title: 'Express 5 over router 2.3', major: 5, express: express5 },
];
