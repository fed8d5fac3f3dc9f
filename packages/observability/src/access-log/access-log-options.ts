import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  functionOption,
  groupOption,
  integerOption,
  type Option,
  OptionProblem,
  type Resolved,
  resolveOptions,
} from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { isLogger, type Logger } from '../logging/logger.ts';
import { REDACT_OPTIONS, type RedactOptions } from '../logging/secrets.ts';
import type { FormatFunction } from './formats.ts';
import type { OwnToken } from './tokens.ts';

/** Where lines of the access log go: a file that is appended to (one a day with `%DATE%` in its name), a logger, anything with `write`. */
export type AccessLogTarget = 'console' | { readonly file: string } | { write(line: string): unknown } | Logger;

export interface AccessLogOptions {
  /** `'dev'`, `'combined'`, `'common'`, `'short'`, `'tiny'`, words and text (`':id :method :url :status'`), or a function as in morgan. @default 'combined' */
  readonly format?: string | FormatFunction | undefined;
  /** @default 'console' */
  readonly to?: AccessLogTarget | undefined;
  /** Words of your own: `{ tenant: (req) => … }` → `:tenant`. @default none */
  readonly tokens?: Readonly<Record<string, OwnToken>> | undefined;
  /** Requests that are not logged. @default those of the mesh to itself that went well */
  readonly skip?: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined;
  /** What is taken out of URLs and headers beyond the usual secrets; `false`: nothing is taken out. */
  readonly redact?: RedactOptions | false | undefined;
  /** Milliseconds that lines are held, to be written together; see the option of `createLogger`. @default 100 */
  readonly holdMs?: number | string | undefined;
}

type Skip = (req: IncomingMessage, res: ServerResponse) => boolean;
type AccessLogTable = {
  readonly format: Option<string | FormatFunction>;
  readonly to: Option<AccessLogTarget>;
  readonly tokens: Option<Readonly<Record<string, OwnToken>>>;
  readonly skip: Option<Skip | undefined>;
  readonly redact: typeof redactGroup;
  readonly holdMs: Option<number>;
};

const redactGroup: ReturnType<typeof groupOption<typeof REDACT_OPTIONS>> = groupOption('redact', REDACT_OPTIONS);

const ACCESS_LOG_OPTIONS: AccessLogTable = {
  format: {
    takes: "'dev', 'combined', 'common', 'short', 'tiny', a text with words such as ':id :method :url', or a function",
    fallback: () => 'combined',
    read: (value) => {
      if (typeof value !== 'function' && (typeof value !== 'string' || value === '')) throw new OptionProblem();
      return value as string | FormatFunction;
    },
  },
  to: {
    takes: "'console', { file: 'logs/access.log' }, a logger, or an object with a method write",
    fallback: () => 'console',
    read: (value) => {
      const target = value as Readonly<Record<string, unknown>> | null;
      const isTarget =
        value === 'console' ||
        isLogger(value) ||
        (typeof target === 'object' &&
          target !== null &&
          (typeof target.write === 'function' || (typeof target.file === 'string' && /[^/\\]$/.test(target.file))));
      if (!isTarget) throw new OptionProblem();
      return value as AccessLogTarget;
    },
  },
  tokens: {
    takes: 'an object of functions (req, res, argument) => text',
    fallback: () => ({}),
    read: (value) => {
      if (typeof value !== 'object' || value === null) throw new OptionProblem();
      for (const [name, token] of Object.entries(value)) {
        if (typeof token !== 'function') throw new OptionProblem(`"${name}" is no function`);
        if (!/^[-\w]{2,}$/.test(name))
          throw new OptionProblem(`"${name}" cannot stand in a format: two letters, digits, "_" and "-" or more`);
      }
      return { ...(value as Record<string, OwnToken>) };
    },
  },
  skip: functionOption<Skip>('a function (req, res) => boolean'),
  redact: redactGroup,
  holdMs: integerOption('milliseconds', { min: 0, max: 10_000 }, () => 100) as Option<number>,
};

/** @throws OBSERVABILITY_OPTION_INVALID */
export function resolveAccessLogOptions(given: string | FormatFunction | AccessLogOptions | undefined): Resolved<AccessLogTable> {
  const options = typeof given === 'string' || typeof given === 'function' ? { format: given } : given;
  return resolveOptions('accessLog()', ACCESS_LOG_OPTIONS, options, optionInvalid);
}
