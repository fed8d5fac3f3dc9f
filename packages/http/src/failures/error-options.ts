import type { IncomingMessage } from 'node:http';
import {
  booleanOption,
  consoleLog,
  functionOption,
  type Log,
  type Option,
  OptionProblem,
  resolveOptions,
} from '@express-micro/core';
import { isProduction } from '../environment.ts';
import { optionInvalid } from '../errors.ts';

/** What is known of an unexpected error beside itself. */
export interface FailedRequest {
  readonly req: IncomingMessage;
  readonly requestId: string;
  readonly status: number;
  readonly code: string;
}

export interface ErrorHandlerOptions {
  /** Where the unexpected is written, with its stack, and in a line each other answer from 500 on. @default standard error */
  readonly log?: Log | undefined;
  /**
   * Told of each unexpected error, instead of `log`: for a structured logger or a tracker of errors. What it throws is logged.
   * @default none
   */
  readonly report?: ((error: unknown, request: FailedRequest) => void) | undefined;
  /**
   * Makes an error of a library one that a client can read: `(e) => e.name === 'MulterError' ? new AppError(e.message, 400) : undefined`.
   * `undefined` leaves it as it is. @default none
   */
  readonly translate?: ((error: unknown, req: IncomingMessage) => unknown) | undefined;
  /**
   * Whether the status of another service's answer is ours, too: `true`, or a list such as `[404, 409]`. Only the status passes, never a text.
   * For one call, and with what the other side said, there is `passOn`. @default false: 502
   */
  readonly passRemoteStatus?: boolean | readonly number[] | undefined;
  /** Whether an unexpected error's message is sent. Refused in production. @default outside production */
  readonly showMessage?: boolean | undefined;
  /** Whether its stack is sent, too. Refused in production. @default false */
  readonly showStack?: boolean | undefined;
  /** Answers `application/problem+json` to everybody, not only to clients that ask for it. @default false */
  readonly alwaysProblem?: boolean | undefined;
  /** The `type` of a problem, for pages that explain codes: `(code) => 'https://example.com/problems/' + code`. @default 'about:blank' */
  readonly problemType?: ((code: string) => string) | undefined;
}

export interface ResolvedErrorOptions {
  readonly log: Log;
  readonly report: ((error: unknown, request: FailedRequest) => void) | undefined;
  readonly translate: ((error: unknown, req: IncomingMessage) => unknown) | undefined;
  readonly passRemoteStatus: boolean | readonly number[];
  readonly showMessage: boolean;
  readonly showStack: boolean;
  readonly alwaysProblem: boolean;
  readonly problemType: ((code: string) => string) | undefined;
}

const notInProduction = (fallback: () => boolean): Option<boolean> => {
  const option = booleanOption(false);
  return {
    ...option,
    fallback,
    read: (value) => {
      const shows = option.read(value);
      if (shows && isProduction()) throw new OptionProblem('NODE_ENV is production, and nothing of the inside leaves there');
      return shows;
    },
  };
};

const TABLE: { readonly [K in keyof ResolvedErrorOptions]: Option<ResolvedErrorOptions[K]> } = {
  log: {
    takes: 'an object with the functions info, warn and error',
    fallback: () => consoleLog,
    read: (value) => {
      const log = value as Partial<Log> | null;
      if (typeof log?.info !== 'function' || typeof log.warn !== 'function' || typeof log.error !== 'function')
        throw new OptionProblem();
      return log as Log;
    },
  },
  report: functionOption('a function (error, { req, requestId, status, code }) => void'),
  translate: functionOption('a function (error, req) => another error, or undefined'),
  passRemoteStatus: {
    takes: 'true, false, or a list of statuses from 400 to 599',
    fallback: () => false,
    read: (value) => {
      if (typeof value === 'boolean') return value;
      const isStatus = (each: unknown) => Number.isInteger(each) && (each as number) >= 400 && (each as number) <= 599;
      if (!Array.isArray(value) || !value.every(isStatus)) throw new OptionProblem();
      return Object.freeze([...value]) as readonly number[];
    },
  },
  showMessage: notInProduction(() => !isProduction()),
  showStack: notInProduction(() => false),
  alwaysProblem: booleanOption(false),
  problemType: functionOption('a function (code) => URL'),
};

export function resolveErrorOptions(owner: string, options: ErrorHandlerOptions | undefined): ResolvedErrorOptions {
  return resolveOptions(owner, TABLE, options, optionInvalid);
}
