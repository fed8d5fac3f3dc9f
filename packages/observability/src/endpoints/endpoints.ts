import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentContext, type MeshPart } from '@express-micro/core';
import type { Access } from './access.ts';

/** One address that this package answers by itself, before anything of the app runs. */
export interface Endpoint {
  readonly path: string;
  /** Who may have it; where only more of it is for some, `isAdmitted` says whether this one is of those. */
  readonly access: Access;
  readonly isForAll: boolean;
  answer(req: IncomingMessage, res: ServerResponse, isAdmitted: boolean): void | Promise<void>;
}

/** Finds what is asked for; answers whether it was something of ours. */
export type Endpoints = (req: IncomingMessage, res: ServerResponse) => boolean;

/**
 * Answers what operators and platforms ask of a process. It stands outside of everything else of the app, so that it answers
 * when the app is too busy to: what is asked once a second costs nothing.
 *
 * @param mesh verifies who calls, where that is asked for
 */
export function createEndpoints(endpoints: readonly Endpoint[], mesh: () => MeshPart | undefined): Endpoints {
  const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));
  return (req, res) => {
    const endpoint = byPath.get(pathOf((req as { originalUrl?: string }).originalUrl ?? req.url ?? ''));
    if (endpoint === undefined) return false;
    if (req.method !== 'GET' && req.method !== 'HEAD') refuse(res, 405, { allow: 'GET, HEAD' });
    else admit(endpoint, req, res, mesh());
    return true;
  };
}

function admit(endpoint: Endpoint, req: IncomingMessage, res: ServerResponse, mesh: MeshPart | undefined): void {
  const { access, isForAll } = endpoint;
  const give = (isAdmitted: boolean) => {
    if (isAdmitted || isForAll) answer(endpoint, req, res, isAdmitted);
    else if (access.takesToken) refuse(res, 401, { 'www-authenticate': 'Bearer' });
    else refuse(res, 403);
  };
  if (access.admits(req)) give(true);
  // The mesh answers by itself whoever proves something that is wrong.
  else if (access.asksForCaller && mesh !== undefined) {
    mesh.front(req, res, () => give(access.admitsCaller(currentContext()?.caller?.service)));
  } else give(false);
}

function answer(endpoint: Endpoint, req: IncomingMessage, res: ServerResponse, isAdmitted: boolean): void {
  Promise.resolve(endpoint.answer(req, res, isAdmitted)).catch(() => refuse(res, 500));
}

const TEXTS: Readonly<Record<number, string>> = Object.freeze({
  401: 'Unauthorized',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
});

function refuse(res: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  answerBytes(res, status, { ...headers, 'content-type': 'application/json' }, JSON.stringify({ error: TEXTS[status] }));
}

export function answerBytes(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body) });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

function pathOf(url: string): string {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
