import { booleanOption, groupOption, integerOption, type Option, OptionProblem, show } from './options.ts';

/** `'*'`: every origin. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/** Origins are compared letter by letter: one with a path, or a slash at its end, would never be found. */
function readOrigin(entry: unknown): string {
  const text = typeof entry === 'string' ? entry.trim() : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin === 'null' || (text !== url.origin && text !== `${url.origin}/`)) {
    throw new OptionProblem(`${show(entry)} is no origin`);
  }
  return url.origin;
}

function readOrigins(value: unknown): Origins {
  if (typeof value === 'function') return value as (origin: string) => boolean;
  const entries = (typeof value === 'string' ? value.split(',') : value) as unknown;
  if (!Array.isArray(entries)) throw new OptionProblem();
  const given = entries.filter((entry) => typeof entry !== 'string' || entry.trim() !== '');
  if (given.some((entry) => typeof entry === 'string' && entry.trim() === '*')) {
    if (given.length > 1) throw new OptionProblem('"*" beside others: it is all of them');
    return '*';
  }
  return Object.freeze(given.map(readOrigin));
}

/** Nobody is served across origins in production until somebody says who. */
const originsOption: Option<Origins> = {
  takes: '"*", a function (origin) => boolean, or origins such as "https://shop.example.com" as a list or with commas',
  fallback: () => {
    const named = process.env.ALLOWED_ORIGINS;
    if (named === undefined || named.trim() === '') return process.env.NODE_ENV === 'production' ? [] : '*';
    try {
      return readOrigins(named);
    } catch (problem) {
      const detail = problem instanceof OptionProblem && problem.detail !== undefined ? `: ${problem.detail}` : '';
      throw new OptionProblem(`ALLOWED_ORIGINS is ${show(named)}${detail}`);
    }
  },
  read: readOrigins,
};

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

/** Whether an origin is among them. */
export function allowsOrigins(origins: Origins): (origin: string) => boolean {
  if (origins === '*') return () => true;
  if (typeof origins === 'function') return (origin) => origins(origin) === true;
  const known = new Set(origins);
  return (origin) => known.has(origin);
}
