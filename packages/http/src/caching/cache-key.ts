import { createHash } from 'node:crypto';
import type { HttpRequest } from '../middleware.ts';

/** What a request shows of who makes it, beside a verified principal. Any of them may be what an app goes by. */
const CREDENTIALS = ['authorization', 'cookie', 'x-api-key', 'proxy-authorization'] as const;

/**
 * Who an answer is for. With a verified principal it is that one, with what it may do; without, whoever shows the very same
 * credentials: an app may know people by a session of its own. An answer for one is never given to another.
 */
export function identityOf(req: HttpRequest): string {
  const { principal } = req;
  const { user, session } = req as { user?: unknown; session?: unknown };
  const shown = CREDENTIALS.map((name) => req.headers[name] ?? '');
  const known = principal === undefined ? '' : [principal.kind, principal.id, [...principal.roles], [...principal.permissions]];
  // What other libraries know of a person: whether they do makes a difference, and the credentials say who it is.
  return JSON.stringify(principal === undefined ? ['', shown, user != null, hasUser(session)] : [known]);
}

function hasUser(session: unknown): boolean {
  const known = session as { user?: unknown; userId?: unknown; passport?: { user?: unknown } } | null | undefined;
  return (known?.user ?? known?.userId ?? known?.passport?.user) !== undefined;
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
