import type { HttpRequest } from '../middleware.ts';

/** Where a token may stand. The header comes first; the others only where they are named. */
export interface TokenPlaces {
  readonly cookie: string | undefined;
  readonly query: string | undefined;
}

/** What a request shows as its token: anything, or nothing. An empty text is something, and wrong. */
export function tokenOf(req: HttpRequest, { cookie, query }: TokenPlaces): string | undefined {
  const shown = credentialsOf(req, 'bearer');
  if (shown !== undefined) return shown;
  const fromCookie = cookie === undefined ? undefined : cookieOf(req, cookie);
  if (fromCookie !== undefined) return fromCookie;
  return query === undefined ? undefined : queryOf(req, query);
}

/** What stands after the scheme in `Authorization`, if it is that scheme. Schemes are read in any case (RFC 9110, 11.1). */
export function credentialsOf({ headers }: HttpRequest, scheme: string): string | undefined {
  const value = headers.authorization;
  if (typeof value !== 'string' || value.length < scheme.length) return undefined;
  if (value.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  if (value.length === scheme.length) return '';
  return value[scheme.length] === ' ' ? value.slice(scheme.length).trim() : undefined;
}

/** Read from the header itself, so that no parser of cookies has to stand in front. The first of a name counts, as with parsers. */
function cookieOf({ headers }: HttpRequest, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

function queryOf({ url = '' }: HttpRequest, name: string): string | undefined {
  const mark = url.indexOf('?');
  if (mark < 0) return undefined;
  return new URLSearchParams(url.slice(mark + 1)).get(name) ?? undefined;
}
