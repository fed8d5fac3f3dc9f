import type { HttpRequest } from '../middleware.ts';
import type { Pagination } from './api-response.ts';

/**
 * The value of a `Link` header to the other pages (RFC 8288): `res.setHeader('link', pageLinks(req, answer.pagination))`. Its
 * targets are paths, not addresses: what a client has sent as `host` is nothing to repeat.
 */
export function pageLinks(req: HttpRequest, { page, limit, pages }: Pagination): string {
  const links: readonly (readonly [string, number])[] = [
    ['first', 1],
    ...(page > 1 ? [['prev', Math.min(page - 1, Math.max(pages, 1))] as const] : []),
    ...(page < pages ? [['next', page + 1] as const] : []),
    ['last', Math.max(pages, 1)],
  ];
  return links.map(([rel, at]) => linkTo(req, { page: String(at), limit: String(limit) }, rel)).join(', ');
}

/** The same for cursors: there is a next page or none. */
export function cursorLink(
  req: HttpRequest,
  pagination: { readonly limit: number; readonly next: string | null },
): string | undefined {
  const { limit, next } = pagination;
  return next === null ? undefined : linkTo(req, { cursor: next, limit: String(limit) }, 'next');
}

function linkTo(req: HttpRequest, changed: Readonly<Record<string, string>>, rel: string): string {
  const [path = '', query = ''] = (req.originalUrl ?? req.url ?? '/').split('?', 2);
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changed)) parameters.set(name, value);
  // `//host` is another place, and so is `/\\host`; `>` ends a link.
  const target = `/${path.replace(/^\/+/, '')}`.replace(/[^\x21-\x7e]|[<>"\\]/g, encodeURIComponent);
  return `<${target}?${parameters}>; rel="${rel}"`;
}
