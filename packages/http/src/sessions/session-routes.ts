import type { ServerResponse } from 'node:http';
import { type FieldProblem, ValidationError } from '../app-errors.ts';
import { unauthenticated } from '../authentication/refusals.ts';
import type { UserPrincipal } from '../authentication/way.ts';
import type { HttpRequest, Middleware } from '../middleware.ts';
import type { Credentials, Grant } from './grant.ts';

/** They stand behind a parser of JSON bodies, and answer JSON that no cache keeps. */
export interface SessionRoutes {
  /** `{ email, password }` → 200 with the tokens and the user; 401 for everybody else, 400 where a field is missing. */
  readonly login: Middleware;
  /** `{ refreshToken }` → 200 with new tokens; 401. */
  readonly refresh: Middleware;
  /** `{ refreshToken }`, or nothing behind `authenticate`: that session ends. 204, also where it was over. */
  readonly logout: Middleware;
  /** Behind `authenticate`: all sessions of this user end. 204. */
  readonly logoutEverywhere: Middleware;
}

interface SessionFunctions {
  open(credentials: Credentials): Promise<Grant>;
  renew(refreshToken: string): Promise<Grant>;
  end(refreshToken: string): Promise<void>;
  endById(sessionId: string): Promise<void>;
  endAllOf(userId: string): Promise<number>;
}

const MAX_LOGIN = 320;
const MAX_PASSWORD = 8_192;
const MAX_TOKEN = 256;

export function createSessionRoutes(sessions: SessionFunctions, loginField: string): SessionRoutes {
  const answering =
    (run: (req: HttpRequest) => Promise<Grant | undefined>): Middleware =>
    (req, res, next) => {
      run(req).then((grant) => answer(res, grant), next);
    };

  return {
    login: answering(async (req) => {
      const [login, password] = textsOf(req, { [loginField]: MAX_LOGIN, password: MAX_PASSWORD });
      return sessions.open({ login: login as string, password: password as string });
    }),

    refresh: answering(async (req) => {
      const [token] = textsOf(req, { refreshToken: MAX_TOKEN });
      return sessions.renew(token as string);
    }),

    logout: answering(async (req) => {
      const sid = req.principal?.kind === 'user' ? (req.principal as UserPrincipal).claims.sid : undefined;
      if (fieldOf(req.body, 'refreshToken') === undefined && typeof sid === 'string') await sessions.endById(sid);
      else await sessions.end(textsOf(req, { refreshToken: MAX_TOKEN })[0] as string);
      return undefined;
    }),

    logoutEverywhere: answering(async ({ principal }) => {
      if (principal?.kind !== 'user') throw unauthenticated();
      await sessions.endAllOf(principal.id);
      return undefined;
    }),
  };
}

/** Texts of the body, each with the most characters that it may have; what is wrong with any of them is said at once. */
function textsOf({ body }: HttpRequest, fields: Readonly<Record<string, number>>): readonly string[] {
  const problems: FieldProblem[] = [];
  const texts = Object.entries(fields).map(([field, max]) => {
    const value = fieldOf(body, field);
    if (typeof value !== 'string' || value === '') problems.push({ field, message: 'It must be a text' });
    else if (value.length > max) problems.push({ field, message: `It must have at most ${max} characters` });
    return value as string;
  });
  if (problems.length > 0) throw new ValidationError(undefined, problems);
  return texts;
}

/** Of the body itself: what a prototype has under that name was sent by nobody. */
function fieldOf(body: unknown, field: string): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, field)
    ? (body as Record<string, unknown>)[field]
    : undefined;
}

function answer(res: ServerResponse, grant: Grant | undefined): void {
  // A time limit of the app, say, was faster.
  if (res.headersSent || res.destroyed) return;
  res.setHeader('cache-control', 'no-store');
  if (grant === undefined) {
    res.statusCode = 204;
    res.end();
    return;
  }
  const body = JSON.stringify(grant);
  res.statusCode = 200;
  res.setHeader('content-type', 'application/json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}
