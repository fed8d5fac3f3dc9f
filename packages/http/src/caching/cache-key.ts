import { createHash } from 'node:crypto';
import { currentContext } from '@express-micro/core';
import type { HttpRequest } from '../middleware.ts';

/** What a request shows of who makes it, beside a verified principal. Any of them may be what an app goes by. */
const CREDENTIALS = ['authorization', 'cookie', 'x-api-key', 'proxy-authorization'] as const;
/** Of a token, what each one has anew: another token that says the same is for the same. */
const OF_ONE_TOKEN = ['iat', 'exp', 'nbf', 'jti'] as const;

interface Person {
  readonly id?: unknown;
  readonly _id?: unknown;
}

/**
 * Who an answer is for; an answer for one is never given to another. With a verified user it is that one, with all that is known of it
 * (a tenant in its token, say). Otherwise it is whoever shows the very same credentials: programs and services ask on behalf of
 * others, and an app may know people by a session of its own. With them goes whom other libraries have found, by whatever they go, and
 * the service of the mesh that calls.
 *
 * @returns `undefined` where that cannot be written down: then nothing can be kept
 */
export function identityOf(req: HttpRequest): string | undefined {
  const { principal } = req;
  const { user, session } = req as { user?: unknown; session?: unknown };
  const shown = principal?.kind === 'user' ? '' : CREDENTIALS.map((name) => req.headers[name] ?? '');
  const people = [user === principal ? undefined : user, userOf(session)].map(written);
  try {
    return JSON.stringify([knownOf(principal), shown, people, currentContext()?.caller?.service], asText);
  } catch {
    return undefined;
  }
}

function knownOf(principal: HttpRequest['principal']): unknown {
  const { claims } = (principal ?? {}) as { claims?: object };
  if (claims === undefined) return principal;
  const lasting: Record<string, unknown> = { ...claims };
  for (const name of OF_ONE_TOKEN) delete lasting[name];
  return { ...principal, claims: lasting };
}

function userOf(session: unknown): unknown {
  const known = session as { user?: unknown; userId?: unknown; passport?: { user?: unknown } } | null | undefined;
  return known?.user ?? known?.userId ?? known?.passport?.user;
}

/** Beside what JSON gives of somebody, which may be what others are to see: it need not have the id. */
function written(person: unknown): unknown {
  if (person === undefined || person === null) return undefined;
  const { id, _id } = Object(person) as Person;
  return [String(id), String(_id), person];
}

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** @param parts told apart whatever they hold */
export function digestOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

export function headerValues(req: HttpRequest, names: readonly string[]): readonly string[] {
  return names.map((name) => String(req.headers[name] ?? ''));
}

/** The names in a `Vary` header, in lower case, each once and in one order. */
export function varyNames(header: unknown): readonly string[] {
  const names = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== '').sort();
}
