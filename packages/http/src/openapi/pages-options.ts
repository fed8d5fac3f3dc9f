import { type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { isProduction } from '../environment.ts';
import { optionInvalid } from '../errors.ts';
import type { Middleware } from '../middleware.ts';
import { OPEN_API_OPTIONS, type OpenApiOptions, type ResolvedOpenApiOptions } from './options.ts';

export interface OpenApiPagesOptions extends OpenApiOptions {
  /** Of the document. @default '/openapi.json' */
  readonly documentPath?: string | undefined;
  /** Of the page for people; `false`: there is none. @default '/docs' */
  readonly pagePath?: string | false | undefined;
  /**
   * Who may have them: `'everyone'`, or whom these guards let through, as with any route: `[authenticate(tokens), authorize('admin')]`.
   * @default 'everyone' outside production; in production nobody, and requests go by as if there were no pages
   */
  readonly access?: 'everyone' | readonly Middleware[] | undefined;
}

export interface ResolvedPagesOptions extends ResolvedOpenApiOptions {
  readonly documentPath: string;
  readonly pagePath: string | undefined;
  /** `undefined`: nobody. */
  readonly access: readonly Middleware[] | undefined;
}

const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;

const access: Option<readonly Middleware[] | undefined> = {
  takes: "'everyone', or a list of guards, functions of (req, res, next)",
  fallback: () => (isProduction() ? undefined : []),
  read(value) {
    if (value === 'everyone') return [];
    // An empty list would let everybody in without saying so.
    if (!Array.isArray(value) || value.length === 0) throw new OptionProblem();
    if (value.some((guard) => typeof guard !== 'function')) throw new OptionProblem();
    return Object.freeze([...value]);
  },
};

const pagePath: Option<string | undefined> = {
  takes: 'a path such as "/docs", or false',
  fallback: () => '/docs',
  read: (value) => (value === false ? undefined : path(value)),
};

const documentPath: Option<string> = {
  takes: 'a path such as "/openapi.json"',
  fallback: () => '/openapi.json',
  read: path,
};

/** @throws HTTP_OPTION_INVALID */
export function resolvePagesOptions(options: OpenApiPagesOptions): ResolvedPagesOptions {
  const table = { ...OPEN_API_OPTIONS, documentPath, pagePath, access };
  const resolved = resolveOptions('openApiPages()', table, options, optionInvalid);
  if (resolved.documentPath === resolved.pagePath) {
    throw optionInvalid('Options "documentPath" and "pagePath" of openApiPages() are the same path; each needs its own.');
  }
  return resolved;
}

function path(value: unknown): string {
  if (typeof value !== 'string' || !PATH.test(value) || /\/\.{1,2}(?:\/|$)/.test(value)) throw new OptionProblem();
  return value;
}
