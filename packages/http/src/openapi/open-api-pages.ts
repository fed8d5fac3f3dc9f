import type { ServerResponse } from 'node:http';
import { inSequence } from '../contracts/guards.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { OpenApiDocument } from './document.ts';
import { createFreshDocument } from './fresh-document.ts';
import { pageFiles } from './page-files.ts';
import { type OpenApiPagesOptions, resolvePagesOptions } from './pages-options.ts';
import { type StaticFile, sendFile, staticFile } from './static-answer.ts';

/**
 * Serves the OpenAPI document as `GET /openapi.json`, and a page for people as `GET /docs`:
 *
 * ```ts
 * app.use(openApiPages({ info: { title: 'Orders', version: '1.0.0' }, routes: orderRoutes }));
 * ```
 *
 * The page needs no other server and runs under its own strict Content-Security-Policy. Whatever else is asked for goes by. In production both
 * are served only to whom `access` names. On Fastify: `await app.register(fastifyMiddleware([pages]))`.
 *
 * @throws HTTP_OPTION_INVALID, HTTP_CONTRACT_INVALID
 */
export function openApiPages(options: OpenApiPagesOptions): Middleware {
  const resolved = resolvePagesOptions(options);
  const { documentPath, pagePath, access, servers } = resolved;
  if (access === undefined) {
    resolved.log.warn(`openApiPages() serves nothing in production until "access" says to whom: 'everyone', or guards.`);
    return (_req, _res, next) => next();
  }
  const document = written(createFreshDocument(resolved));
  const files = new Map<string, () => StaticFile>([[documentPath, document]]);
  if (pagePath !== undefined) for (const [path, file] of pageFiles(pagePath, documentPath, servers)) files.set(path, () => file);
  const ask = inSequence(access);

  return (req, res, next) => {
    const path = pathOf(req);
    const find = req.method === 'GET' || req.method === 'HEAD' ? files.get(path) : undefined;
    const isPageWithSlash = pagePath !== undefined && path === `${pagePath}/`;
    if (find === undefined && !isPageWithSlash) {
      next();
      return;
    }
    ask(req, res, (refusal) => {
      if (refusal !== undefined && refusal !== null) next(refusal);
      else answer(req, res, find ?? 'page', next);
    });
  };

  function answer(
    req: HttpRequest,
    res: ServerResponse,
    find: (() => StaticFile) | 'page',
    next: (error?: unknown) => void,
  ): void {
    if (res.headersSent || res.destroyed) return;
    if (find === 'page') {
      // Relative to where it was asked for: nobody here knows what a proxy has taken off the path.
      res.writeHead(308, { location: `../${pagePath?.split('/').at(-1)}`, 'content-length': 0 }).end();
      return;
    }
    let file: StaticFile;
    try {
      file = find();
    } catch (error) {
      next(error);
      return;
    }
    sendFile(req, res, file);
  }
}

/** The bytes of the document, made once for each document. */
function written(fresh: () => OpenApiDocument): () => StaticFile {
  let of: OpenApiDocument | undefined;
  let file: StaticFile | undefined;
  return () => {
    const document = fresh();
    if (file === undefined || document !== of) file = staticFile('application/json; charset=utf-8', JSON.stringify(document));
    of = document;
    return file;
  };
}

/** Below where it is mounted. */
function pathOf({ url = '' }: HttpRequest): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
