import { booleanOption, groupOption, integerOption, type Option, OptionProblem, show } from '@express-micro/core';
import type { BasePart } from './fastify-base.ts';

/** `'*'`: every origin. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

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
  /** For how long a browser need not ask again. Raising it takes longer until a change is seen; lowering it asks before more requests. @default 600 */
  readonly maxAgeSeconds?: number | undefined;
}

interface ResolvedCors {
  readonly origins: Origins;
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly allowedHeaders: readonly string[] | undefined;
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

/** Origins are compared letter by letter: one with a path would never be found. */
function readOrigin(entry: unknown): string {
  const text = typeof entry === 'string' ? entry.trim() : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin === 'null' || (text !== url.origin && text !== `${url.origin}/`))
    throw new OptionProblem(`${show(entry)} is no origin`);
  return url.origin;
}

function readOrigins(value: unknown): Origins {
  if (typeof value === 'function') return value as (origin: string) => boolean;
  const entries: unknown = typeof value === 'string' ? value.split(',').filter((entry) => entry.trim() !== '') : value;
  if (!Array.isArray(entries)) throw new OptionProblem();
  if (!entries.some((entry) => typeof entry === 'string' && entry.trim() === '*')) return entries.map(readOrigin);
  if (entries.length > 1) throw new OptionProblem('"*" beside others: it is all of them');
  return '*';
}

const originsOption: Option<Origins> = {
  takes: '"*", a function (origin) => boolean, or origins such as "https://shop.example.com" as a list or with commas',
  fallback() {
    const named = process.env.ALLOWED_ORIGINS;
    // Nobody is served across origins in production until somebody says who.
    if (named === undefined || named.trim() === '') return process.env.NODE_ENV === 'production' ? [] : '*';
    try {
      return readOrigins(named);
    } catch (problem) {
      throw new OptionProblem(`ALLOWED_ORIGINS: ${(problem as Error).message}`);
    }
  },
  read: readOrigins,
};

function namesOption<F>(fallback: F): Option<readonly string[] | F> {
  return {
    takes: 'a list of names',
    fallback: () => fallback,
    read(value) {
      if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)))
        throw new OptionProblem();
      return [...value];
    },
  };
}

const group: Option<ResolvedCors | false> = groupOption('cors', {
  origins: originsOption,
  credentials: booleanOption(false),
  methods: namesOption(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'] as readonly string[]),
  allowedHeaders: namesOption(undefined),
  exposedHeaders: namesOption(['x-request-id', 'retry-after', 'link', 'etag'] as readonly string[]),
  maxAgeSeconds: integerOption('seconds', { min: 0, max: 86_400 }, () => 600),
});

/** Browsers refuse the two together; a server that answers them anyway, by repeating the origin, lets every page act as its user. */
function refuseAllWithCredentials(resolved: ResolvedCors | false): ResolvedCors | false {
  if (resolved !== false && resolved.credentials && resolved.origins === '*')
    throw new OptionProblem('"credentials" with the origins "*"; name the origins, in the option or by ALLOWED_ORIGINS');
  return resolved;
}

export const corsPart: BasePart<ResolvedCors> = {
  library: '@fastify/cors',
  option: {
    ...group,
    fallback: () => refuseAllWithCredentials(group.fallback()),
    read: (value) => refuseAllWithCredentials(group.read(value)),
  },
  async register(app, { origins, credentials, methods, allowedHeaders, exposedHeaders, maxAgeSeconds }) {
    const { default: cors } = await import('@fastify/cors');
    const isAllowed = typeof origins === 'function' ? origins : (origin: string) => origins.includes(origin);
    await app.register(cors, {
      origin: origins === '*' ? '*' : (origin, tell) => tell(null, origin !== undefined && isAllowed(origin)),
      credentials,
      methods: [...methods],
      ...(allowedHeaders !== undefined && { allowedHeaders: [...allowedHeaders] }),
      exposedHeaders: [...exposedHeaders],
      maxAge: maxAgeSeconds,
      // An OPTIONS that lacks what a preflight has is none that a client did wrong.
      strictPreflight: false,
    });
  },
};
