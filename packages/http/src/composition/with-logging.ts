import type { ServerResponse } from 'node:http';
import {
  type Clock,
  consoleLog,
  functionOption,
  type Log,
  type Option,
  OptionProblem,
  printable,
  resolveOptions,
  show,
  systemClock,
} from '@express-micro/core';
import { httpError, optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import type { HttpRequest, Next } from '../middleware.ts';
import { isThenable } from '../thenable.ts';
import type { AnyMiddleware } from './step.ts';

export interface WithLoggingOptions {
  /** @default standard error */
  readonly log?: Log | undefined;
  /** What the handler is called in the line. @default its name */
  readonly name?: string | undefined;
  /** Requests without a line. @default none */
  readonly skip?: ((req: HttpRequest) => boolean) | undefined;
}

const NAME: Option<string | undefined> = {
  takes: 'a text',
  fallback: () => undefined,
  read: (value) => {
    if (typeof value !== 'string' || value === '') throw new OptionProblem();
    return value;
  },
};
const TABLE = {
  log: logOption(consoleLog),
  name: NAME,
  skip: functionOption<(req: HttpRequest) => boolean>('a function of the request'),
};

/**
 * A handler that says how it went: `app.get('/orders', withLogging(listOrders, { log }))` writes `listOrders GET /orders 200 in 12 ms`, as
 * a warning from 400 on, as an error from 500 on or where it threw. The query is left out: it may hold what is nobody's business.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function withLogging<H extends AnyMiddleware>(
  handler: H,
  options: WithLoggingOptions = {},
  clock: Clock = systemClock,
): H {
  if (typeof handler !== 'function') {
    throw httpError(
      'HTTP_OPTION_INVALID',
      `withLogging() got ${show(handler)}; it takes a handler: withLogging((req, res) => …, { log }).`,
    );
  }
  const { log, name, skip } = resolveOptions('withLogging()', TABLE, options, optionInvalid);
  const called = name ?? (handler.name || 'handler');

  const logged = (req: HttpRequest, res: ServerResponse, next: Next): unknown => {
    if (skip?.(req) === true) return handler(req, res, next);
    const startMs = clock.monotonicMs();
    const path = (req.originalUrl ?? req.url ?? '').replace(/[?#].*$/s, '');
    const what = `${called} ${req.method} ${printable(path)}`;
    const took = () => `in ${Math.round(clock.monotonicMs() - startMs)} ms`;
    let hasFailed = false;
    res.once('close', () => {
      if (hasFailed) return;
      if (!res.writableFinished) return log.warn(`${what} was given up by its client ${took()}`);
      const { statusCode: status } = res;
      const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
      log[level](`${what} ${status} ${took()}`);
    });
    const failed = (error: unknown): never => {
      hasFailed = true;
      log.error(`${what} failed ${took()}: ${printable(error instanceof Error ? error.message : show(error))}`);
      throw error;
    };
    try {
      const ran: unknown = handler(req, res, next);
      return isThenable(ran) ? ran.then(undefined, failed) : ran;
    } catch (error) {
      return failed(error);
    }
  };
  return Object.defineProperty(logged, 'name', { value: called }) as unknown as H;
}
