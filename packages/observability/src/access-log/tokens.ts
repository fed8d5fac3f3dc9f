import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Secrets } from '../logging/secrets.ts';
import type { ObservedRequest } from '../request/observed-request.ts';
import { traceOf } from '../request/trace-ids.ts';
import { redactUrl } from './redact-url.ts';

/** What a word of a format stands for; nothing is shown as `-`. */
export type Token = (request: ObservedRequest, argument: string | undefined) => string | undefined;

/** A word of your own: `tokens: { tenant: (req) => req.headers['x-tenant'] }` → `:tenant`. As in morgan. */
export type OwnToken = (req: IncomingMessage, res: ServerResponse, argument?: string) => unknown;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The words of the formats: morgan's, and `:id`, `:caller`, `:trace-id`, `:outcome`. */
export function createTokens(secrets: Secrets): Readonly<Record<string, Token>> {
  return {
    id: ({ requestId }) => requestId,
    method: ({ req }) => req.method,
    url: ({ url }) => redactUrl(url, secrets),
    status: ({ status }) => String(status),
    // `aborted`: the client went away, or the connection was cut, before all of the answer was out.
    outcome: ({ isFinished }) => (isFinished ? 'finished' : 'aborted'),
    'response-time': ({ headAtMs, beganAtMs, durationMs }, digits) =>
      inDigits(headAtMs === undefined ? durationMs : headAtMs - beganAtMs, digits),
    'total-time': ({ durationMs }, digits) => inDigits(durationMs, digits),
    date: ({ nowEpochMs }, form) => dateOf(new Date(nowEpochMs), form),
    'remote-addr': addressOf,
    'remote-user': ({ req }) => userOf(req.headers.authorization),
    referrer: ({ req }) => {
      const from = req.headers.referer ?? req.headers.referrer;
      return from === undefined ? undefined : redactUrl(String(from), secrets);
    },
    'user-agent': ({ req }) => req.headers['user-agent'],
    'http-version': ({ req }) => `${req.httpVersionMajor}.${req.httpVersionMinor}`,
    caller: ({ caller }) => caller?.service,
    'trace-id': (request) => traceOf(request)?.traceId,
    pid: () => String(process.pid),
    req: ({ req }, name = '') => headerOf(name, req.headers[name.toLowerCase()], secrets),
    res: ({ res }, name = '') => headerOf(name, res.getHeader(name), secrets),
  };
}

function inDigits(ms: number, digits: string | undefined): string {
  return ms.toFixed(digits === undefined ? 3 : Math.min(Number(digits) || 0, 20));
}

function headerOf(name: string, value: unknown, { isSecretName, mask }: Secrets): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (isSecretName(name)) return '[redacted]';
  return mask(Array.isArray(value) ? value.join(', ') : String(value));
}

/** The client: what Express makes of `trust proxy`, where a proxy has said something, else the other end of the connection. */
export function addressOf({ req, remoteAddress }: ObservedRequest): string | undefined {
  if (req.headers['x-forwarded-for'] === undefined) return remoteAddress;
  return (req as { ip?: string }).ip ?? remoteAddress;
}

/** RFC 7617, the name alone. */
function userOf(authorization: string | undefined): string | undefined {
  const given = /^basic +([\w+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) return undefined;
  const pair = Buffer.from(given, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(0, colon);
}

function dateOf(date: Date, form: string | undefined): string {
  if (form === 'iso') return date.toISOString();
  if (form !== 'clf') return date.toUTCString();
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
