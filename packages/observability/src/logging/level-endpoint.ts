import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Clock,
  type Option,
  OptionProblem,
  parseUntrustedJson,
  resolveOptions,
  systemClock,
  type Timer,
} from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import type { Middleware } from '../request/request-id.ts';
import { isLevelName, LEVEL_NAMES } from './levels.ts';
import { isLogger, type Logger } from './logger.ts';

export interface LevelEndpointOptions {
  /** Who may ask and set: a token, a verified caller, an inner address. There is no default: whoever sets `trace` can fill a disk. */
  readonly allow: (req: IncomingMessage) => boolean;
}

type Allow = LevelEndpointOptions['allow'];
const OPTIONS: { readonly allow: Option<Allow> } = {
  allow: {
    takes: 'a function (req) => boolean; without it everybody could set the level',
    fallback: () => {
      throw new OptionProblem('none was given');
    },
    read: (value) => {
      if (typeof value !== 'function') throw new OptionProblem();
      return value as Allow;
    },
  },
};

const MAX_BODY_BYTES = 1_024;
const MAX_FOR_SECONDS = 86_400;

/**
 * The level over HTTP: `GET` says it, `PUT {"level":"debug","forSeconds":600}` sets it (for good without `forSeconds`), `DELETE`
 * sets it back to where it began. 403 for everybody else.
 *
 * A part of `observability()`, to be used alone: `app.use('/log-level', levelEndpoint(logger, { allow }))`.
 *
 * @throws OBSERVABILITY_OPTION_INVALID
 */
export function levelEndpoint(logger: Logger, options: LevelEndpointOptions): Middleware {
  if (!isLogger(logger))
    throw optionInvalid('levelEndpoint() takes a logger that createLogger() or observability() has made.', {});
  const { allow } = resolveOptions('levelEndpoint()', OPTIONS, options, optionInvalid);
  const clock: Clock = systemClock;
  let back: Timer | undefined;

  function say(res: ServerResponse): void {
    answer(res, 200, { level: logger.level, configured: logger.configuredLevel });
  }

  function reset(): void {
    back?.stop();
    back = undefined;
    logger.level = logger.configuredLevel;
  }

  function set(res: ServerResponse, body: unknown): void {
    const { level, forSeconds } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
    const isTime =
      forSeconds === undefined ||
      (Number.isInteger(forSeconds) && Number(forSeconds) > 0 && Number(forSeconds) <= MAX_FOR_SECONDS);
    if (!isLevelName(level) || !isTime) {
      answer(res, 400, {
        error: `Send {"level":"…"} with one of ${LEVEL_NAMES.join(', ')}, and "forSeconds" from 1 to ${MAX_FOR_SECONDS} if it is to end.`,
      });
      return;
    }
    back?.stop();
    back = forSeconds === undefined ? undefined : clock.after(Number(forSeconds) * 1_000, reset);
    logger.level = level;
    say(res);
  }

  /** One that throws allows nothing: beyond it stands nobody who would answer. */
  function allows(req: IncomingMessage): boolean {
    try {
      return allow(req) === true;
    } catch (error) {
      logger.error('Who may set the level could not be decided: "allow" threw', error as Error);
      return false;
    }
  }

  return (req, res, next) => {
    if (!allows(req)) answer(res, 403, { error: 'Forbidden' });
    else if (req.method === 'GET') say(res);
    else if (req.method === 'DELETE') {
      reset();
      say(res);
    } else if (req.method === 'PUT') {
      bodyOf(req).then((body) => set(res, body), next);
    } else {
      res.setHeader('allow', 'GET, PUT, DELETE');
      answer(res, 405, { error: 'Method Not Allowed' });
    }
  };
}

function answer(res: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  res.end(text);
}

/** What a body parser has made of it, else what is sent; `undefined` for what is no JSON, or too much of it. */
async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const { body } = req as { body?: unknown };
  if (body !== undefined) return body;
  let text = '';
  for await (const chunk of req) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    return parseUntrustedJson(text);
  } catch {
    return undefined;
  }
}
