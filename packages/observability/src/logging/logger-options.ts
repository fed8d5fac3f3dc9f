import {
  booleanOption,
  groupOption,
  integerOption,
  type Option,
  OptionProblem,
  type Resolved,
  resolveOptions,
} from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { defaultLevel, isLevelName, LEVEL_NAMES, type LevelName } from './levels.ts';
import { isOwnLogger, type OwnLogger } from './own-logger.ts';
import { REDACT_OPTIONS, type RedactOptions } from './secrets.ts';

/** Files that lines go to, beside the console. A name with `%DATE%` is that of a rotating file. */
export interface FilesGiven {
  /** @default 'logs', below the working directory */
  readonly folder?: string | undefined;
  /** All lines; `false`: none. `'app-%DATE%.log'` begins a new file each day and at `maxBytes`. @default 'combined.log' */
  readonly combined?: string | false | undefined;
  /** Lines of level `error`, again. @default 'error.log' */
  readonly error?: string | false | undefined;
  /** Size at which a rotating file is closed and the next one begun. Raising it makes fewer, larger files. @default 104857600 (100 MB) */
  readonly maxBytes?: number | string | undefined;
  /** Days after which a file of the past is deleted. @default 30 */
  readonly keepDays?: number | string | undefined;
  /** Whether files of the past are packed. @default true */
  readonly gzip?: boolean | undefined;
}

export interface LoggerOptions {
  /** Stands in every line. @default `process.env.npm_package_name`, else `'unnamed-service'` */
  readonly service?: string | undefined;
  /** The most talkative level that is written. @default `LOG_LEVEL`, else by `NODE_ENV`: production `info`, staging `http`, others `debug` */
  readonly level?: LevelName | undefined;
  /** What goes to standard output: JSON, lines for people, or nothing. @default lines for people on a terminal outside production, else JSON */
  readonly console?: 'auto' | 'json' | 'pretty' | false | undefined;
  /** Files; `true`: `logs/combined.log` and `logs/error.log`. @default false */
  readonly files?: FilesGiven | boolean | undefined;
  /** What is taken out of lines beyond the usual secrets; `false`: nothing is taken out. See {@link RedactOptions}. */
  readonly redact?: RedactOptions | false | undefined;
  /** A logger that you have: winston, bunyan, pino, `console`. It gets every line with the fields that join it to its request. */
  readonly logger?: OwnLogger | undefined;
  /** Gets each line of JSON too: for tests, or for a way of your own. */
  readonly stream?: { write(line: string): unknown } | undefined;
  /**
   * Milliseconds that lines are held, to be written together. Raising it costs more of them when the process is killed with
   * `kill -9`; 0 writes each at once, at several times the cost. @default 100
   */
  readonly holdMs?: number | string | undefined;
  /** The signal that raises the level by one, and from `trace` back to where it began. @default 'SIGUSR2' in production and staging, else none */
  readonly levelSignal?: NodeJS.Signals | false | undefined;
}

const MAX_KEEP_DAYS = 36_500;

function fileNameOption(name: string): Option<string | false> {
  return {
    takes: 'a file name, with at most one %DATE%, or false',
    fallback: () => name,
    read: (value) => {
      if (value === false) return false;
      if (typeof value !== 'string' || !/^[^/\\\0]{1,200}$/.test(value) || /^\.+$/.test(value)) throw new OptionProblem();
      if (value.split('%DATE%').length > 2 || value.endsWith('.gz')) throw new OptionProblem();
      return value;
    },
  };
}

type FilesTable = {
  readonly folder: Option<string>;
  readonly combined: Option<string | false>;
  readonly error: Option<string | false>;
  readonly maxBytes: Option<number>;
  readonly keepDays: Option<number>;
  readonly gzip: Option<boolean>;
};

const FILES: FilesTable = {
  folder: {
    takes: 'the path of a folder',
    fallback: () => 'logs',
    read: (value) => {
      if (typeof value !== 'string' || value === '' || value.includes('\0')) throw new OptionProblem();
      return value;
    },
  },
  combined: fileNameOption('combined.log'),
  error: fileNameOption('error.log'),
  maxBytes: integerOption('bytes', { min: 1_024, max: 2 ** 40 }, () => 104_857_600) as Option<number>,
  keepDays: integerOption('days', { min: 1, max: MAX_KEEP_DAYS }, () => 30) as Option<number>,
  gzip: booleanOption(true),
};

export type FilesOptions = Resolved<FilesTable>;

const filesGroup = groupOption('files', FILES);
/** What a file does where nobody says how. */
export const USUAL_FILES: FilesOptions = filesGroup.fallback() as FilesOptions;
const filesOption: Option<FilesOptions | false> = {
  takes: `true, ${filesGroup.takes}`,
  fallback: () => false,
  read: (value) => {
    const files = filesGroup.read(value === true ? {} : value);
    if (files !== false && files.combined !== false && files.combined === files.error)
      throw new OptionProblem('two files of one name');
    return files;
  },
};

const redactGroup: ReturnType<typeof groupOption<typeof REDACT_OPTIONS>> = groupOption('redact', REDACT_OPTIONS);

const serviceOption: Option<string> = {
  takes: 'a name of 1 to 200 characters without line ends',
  fallback: () => process.env.npm_package_name || 'unnamed-service',
  read: (value) => {
    if (typeof value !== 'string' || !/^[^\p{Cc}]{1,200}$/u.test(value)) throw new OptionProblem();
    return value;
  },
};

function isHidden(environment: string | undefined): boolean {
  return environment === 'production' || environment === 'staging';
}

type LoggerTable = {
  readonly service: Option<string>;
  readonly level: Option<LevelName>;
  readonly console: Option<'json' | 'pretty' | false>;
  readonly files: Option<FilesOptions | false>;
  readonly redact: typeof redactGroup;
  readonly logger: Option<OwnLogger | undefined>;
  readonly stream: Option<{ write(line: string): unknown } | undefined>;
  readonly holdMs: Option<number>;
  readonly levelSignal: Option<NodeJS.Signals | false>;
};

const LOGGER: LoggerTable = {
  service: serviceOption,
  level: {
    takes: LEVEL_NAMES.join(', '),
    fallback: () => {
      const given = process.env.LOG_LEVEL;
      if (given === undefined || given === '') return defaultLevel(process.env.NODE_ENV);
      const level = given.toLowerCase();
      if (!isLevelName(level)) throw new OptionProblem(`LOG_LEVEL is ${JSON.stringify(given)}`);
      return level;
    },
    read: (value) => {
      if (!isLevelName(value)) throw new OptionProblem();
      return value;
    },
  },
  console: {
    takes: "'auto', 'json', 'pretty' or false",
    fallback: consoleForm,
    read: (value) => {
      if (value === 'auto') return consoleForm();
      if (value !== 'json' && value !== 'pretty' && value !== false) throw new OptionProblem();
      return value;
    },
  },
  files: filesOption,
  redact: redactGroup,
  logger: {
    takes: 'a logger with the methods info, warn and error',
    fallback: () => undefined,
    read: (value) => {
      if (!isOwnLogger(value)) throw new OptionProblem();
      return value;
    },
  },
  stream: {
    takes: 'an object with a method write',
    fallback: () => undefined,
    read: (value) => {
      const stream = value as { write(line: string): unknown } | null;
      if (typeof stream !== 'object' || typeof stream?.write !== 'function') throw new OptionProblem();
      return stream;
    },
  },
  holdMs: integerOption('milliseconds', { min: 0, max: 10_000 }, () => 100) as Option<number>,
  levelSignal: {
    takes: "the name of a signal, such as 'SIGUSR2', or false",
    fallback: () => (isHidden(process.env.NODE_ENV) && process.platform !== 'win32' ? 'SIGUSR2' : false),
    read: (value) => {
      if (value !== false && !(typeof value === 'string' && /^SIG(?:USR2|HUP|WINCH|CONT|PIPE)$/.test(value)))
        throw new OptionProblem();
      return value as NodeJS.Signals | false;
    },
  },
};

function consoleForm(): 'json' | 'pretty' {
  return process.stdout.isTTY === true && !isHidden(process.env.NODE_ENV) ? 'pretty' : 'json';
}

/** @throws OBSERVABILITY_OPTION_INVALID */
export function resolveLoggerOptions(owner: string, given: unknown): Resolved<LoggerTable> {
  return resolveOptions(owner, LOGGER, given, optionInvalid);
}
