import type { ServerResponse } from 'node:http';
import { booleanOption, groupOption, integerOption, type Option, OptionProblem } from '@express-micro/core';
import cors from 'cors';
import type { HttpRequest, Middleware } from '../middleware.ts';
import { type Origins, originsOption } from './origins.ts';

export interface CorsOptions {
  /**
   * Who may call from a page of another origin: a list, a text with commas, a function, or `'*'`.
   * @default `ALLOWED_ORIGINS`; without it nobody in production, and `'*'` elsewhere
   */
  readonly origins?: Origins | string | undefined;
  /** Whether browsers send cookies along. Refused with `'*'`. @default false */
  readonly credentials?: boolean | undefined;
  /** @default GET, HEAD, PUT, PATCH, POST, DELETE */
  readonly methods?: readonly string[] | undefined;
  /** Headers that a page may send. @default those that it asks for */
  readonly allowedHeaders?: readonly string[] | undefined;
  /** Headers that a page may read. @default ['x-request-id', 'retry-after', 'link', 'etag'] */
  readonly exposedHeaders?: readonly string[] | undefined;
  /**
   * For how long a browser need not ask again. Raising it takes longer until a change is seen; lowering it asks before more requests. @default 600
   */
  readonly maxAgeSeconds?: number | undefined;
}

export interface ResolvedCors {
  readonly origins: Origins;
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly allowedHeaders: readonly string[] | undefined;
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

function tokens<F>(fallback: F): Option<readonly string[] | F> {
  return {
    takes: 'a list of names',
    fallback: () => fallback,
    read: (value) => {
      if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name))) {
        throw new OptionProblem();
      }
      return Object.freeze([...value]);
    },
  };
}

const group = groupOption('cors', {
  origins: originsOption,
  credentials: booleanOption(false),
  methods: tokens(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'] as readonly string[]),
  allowedHeaders: tokens(undefined),
  exposedHeaders: tokens(['x-request-id', 'retry-after', 'link', 'etag'] as readonly string[]),
  maxAgeSeconds: integerOption('seconds', { min: 0, max: 86_400 }, () => 600),
});

/** Browsers refuse the two together; a server that answers them anyway, by repeating the origin, lets every page act as its user. */
function refuseAllWithCredentials<T extends ResolvedCors | false>(resolved: T): T {
  if (resolved !== false && resolved.credentials && resolved.origins === '*') {
    throw new OptionProblem('"credentials" with the origins "*"; name the origins, in the option or by ALLOWED_ORIGINS');
  }
  return resolved;
}

export const corsOption: Option<ResolvedCors | false> = {
  ...group,
  fallback: () => refuseAllWithCredentials(group.fallback()),
  read: (value) => refuseAllWithCredentials(group.read(value)),
};

const PREFLIGHT_STATUS = 204;

/** An origin that may not gets no header, and its preflight an answer that allows nothing. */
export function createCors({
  origins,
  credentials,
  methods,
  allowedHeaders,
  exposedHeaders,
  maxAgeSeconds,
}: ResolvedCors): Middleware {
  const options = {
    // Who may has been decided when it comes to this.
    origin: origins === '*' ? '*' : true,
    credentials,
    methods: [...methods],
    ...(allowedHeaders === undefined ? {} : { allowedHeaders: [...allowedHeaders] }),
    exposedHeaders: [...exposedHeaders],
    maxAge: maxAgeSeconds,
  };
  const answer = cors(options);
  const isAllowed = allows(origins);
  return function corsHeaders(req, res, next) {
    if (origins !== '*') vary(res);
    const { origin } = req.headers;
    if (origin === undefined) {
      next();
      return;
    }
    const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
    if (!isAllowed(origin)) {
      if (isPreflight) res.writeHead(PREFLIGHT_STATUS, { 'content-length': '0' }).end();
      else next();
      return;
    }
    // The library takes every OPTIONS for a preflight. One that is none belongs to the app.
    const asked = isPreflight || req.method !== 'OPTIONS' ? req : asGet(req);
    answer(asked as never, res as never, next);
  };
}

function allows(origins: Origins): (origin: string) => boolean {
  if (origins === '*') return () => true;
  if (typeof origins === 'function') return origins;
  const known = new Set(origins);
  return (origin) => known.has(origin);
}

function asGet({ headers }: HttpRequest): object {
  return { method: 'GET', headers };
}

/** Also where there is no origin, or one that may not: a cache must not hand that answer to one that may. */
function vary(res: ServerResponse): void {
  const before = res.getHeader('vary');
  const names = before === undefined ? [] : String(before).split(/\s*,\s*/);
  if (!names.some((name) => name === '*' || name.toLowerCase() === 'origin'))
    res.setHeader('vary', [...names, 'Origin'].join(', '));
}
