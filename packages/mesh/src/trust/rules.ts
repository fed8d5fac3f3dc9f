import { type Option, OptionProblem, show } from '@express-micro/core';

/** Services, or `'*'` for everybody, verified or not. */
type Callers = readonly string[];

/**
 * Who may call what, by service: `{ 'payment-service': ['order-service'] }`; or by the beginnings of paths, of which the
 * longest counts: `{ 'payment-service': { '/': ['order-service'], '/refunds': ['support'], '/health': ['*'] } }`. A path that
 * none of them covers is nobody's. A service without rules is open to all, and each may call itself.
 */
export type AllowOption = Readonly<Record<string, Callers | Readonly<Record<string, Callers>>>>;

export type Verdict = 'allowed' | 'unknown-caller' | 'forbidden';

export interface Rules {
  /** @param caller the verified one @param path as it stands in the request */
  decide(service: string, caller: string | undefined, path: string): Verdict;
}

interface Rule {
  /** In small letters, without `/` at its end. */
  readonly prefix: string;
  readonly callers: ReadonlySet<string>;
}

const ANYBODY = '*';

/** @param isServiceName what may stand for a service */
export function allowOption(isServiceName: (value: unknown) => boolean): Option<Rules | undefined> {
  const readCallers = (service: string, callers: unknown): ReadonlySet<string> => {
    if (!Array.isArray(callers)) throw new OptionProblem(`for ${show(service)}: ${show(callers)} is no list of services`);
    for (const caller of callers) {
      if (caller !== ANYBODY && !isServiceName(caller))
        throw new OptionProblem(`for ${show(service)}: the caller ${show(caller)}`);
    }
    return new Set(callers);
  };
  return {
    takes:
      'an object such as { "payment-service": ["order-service"] }, or with paths { "payment-service": { "/refunds": ["support"] } }',
    fallback: () => undefined,
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionProblem();
      const rules = new Map<string, readonly Rule[]>();
      for (const [service, allowed] of Object.entries(value)) {
        if (!isServiceName(service)) throw new OptionProblem(`the service ${show(service)}`);
        const byPath: Record<string, unknown> = isByPath(allowed) ? allowed : { '/': allowed };
        const paths = Object.entries(byPath).map(([path, callers]) => {
          if (!path.startsWith('/'))
            throw new OptionProblem(`for ${show(service)}: the path ${show(path)} does not begin with "/"`);
          return { prefix: path.toLowerCase().replace(/\/+$/, ''), callers: readCallers(service, callers) };
        });
        rules.set(
          service,
          paths.sort((a, b) => b.prefix.length - a.prefix.length),
        );
      }
      return createRules(rules);
    },
  };
}

function isByPath(allowed: unknown): allowed is Record<string, unknown> {
  return typeof allowed === 'object' && allowed !== null && !Array.isArray(allowed);
}

function createRules(rules: ReadonlyMap<string, readonly Rule[]>): Rules {
  return {
    decide(service, caller, path) {
      const own = rules.get(service);
      if (own === undefined || caller === service) return 'allowed';
      const asked = readings(path);
      const isAllowed = (reading: string) =>
        mayCall(
          own.find(({ prefix }) => isBelow(reading, prefix)),
          caller,
        );
      if (asked.length > 0 && asked.every(isAllowed)) return 'allowed';
      return caller === undefined ? 'unknown-caller' : 'forbidden';
    },
  };
}

function mayCall(rule: Rule | undefined, caller: string | undefined): boolean {
  return rule !== undefined && (rule.callers.has(ANYBODY) || (caller !== undefined && rule.callers.has(caller)));
}

/** Nothing that anybody reads as something else than it is. */
const IS_PLAIN = /^(?!.*\/[/.])[\w/~!$&'()*+,=:@.-]*$/;

/**
 * A path as everything behind here may read it: Express compares it as it came, without telling large letters from small ones,
 * and where a `#`, a blank or the like is in it reads it by `url.parse`; Fastify ends it at `#` (and at `;`), and takes many slashes for one,
 * where it is told so; what serves files decodes it, and climbs by dots. Whoever is allowed is allowed in each reading. None for one that cannot
 * be decoded.
 */
function readings(path: string): readonly string[] {
  const asked = path
    .replace(/[?#].*$/s, '')
    .trim()
    .toLowerCase();
  if (IS_PLAIN.test(asked)) return [asked];
  try {
    const loose = withSingleSlashes(decodeURIComponent(withSingleSlashes(asked.replace(/;.*$/s, ''))));
    return [asked, decodeURIComponent(asked).toLowerCase(), loose.toLowerCase(), withoutDots(loose).toLowerCase()];
  } catch {
    return [];
  }
}

function withSingleSlashes(path: string): string {
  return path.replace(/[/\\]+/g, '/');
}

function withoutDots(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/').slice(1)) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}
