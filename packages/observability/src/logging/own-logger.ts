import { printable } from '@express-micro/core';
import type { Fields } from './clean.ts';
import { LEVEL_NAMES, type LevelName } from './levels.ts';

/** A logger that somebody has already: winston, bunyan, pino, the console, or anything with a method a level. */
export type OwnLogger = object;

type Write = (fields: Fields, message: string | undefined) => void;
type Methods = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;

/** Ours on the left; on the right what loggers call it, the nearest first. */
const NAMES: Readonly<Record<LevelName, readonly string[]>> = {
  error: ['error', 'err'],
  warn: ['warn', 'warning'],
  info: ['info', 'notice', 'log'],
  http: ['http', 'verbose', 'info', 'log'],
  debug: ['debug', 'verbose', 'log'],
  trace: ['trace', 'silly', 'debug', 'log'],
};

export function isOwnLogger(value: unknown): value is OwnLogger {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const { info, warn, error } = value as Methods;
  return [info, warn, error].every((method) => typeof method === 'function');
}

/** How to write a line of each level, in the order of ranks. The fields have the joined ones in them. */
export function writeTo(logger: OwnLogger): readonly Write[] {
  return LEVEL_NAMES.map((level) => writerFor(logger, level));
}

function writerFor(logger: OwnLogger, level: LevelName): Write {
  if (isWinston(logger)) {
    const name = NAMES[level].find((candidate) => Object.hasOwn(logger.levels, candidate)) ?? 'info';
    // As one object, the form that keeps every field apart from what winston makes of them.
    return (fields, message) => void logger.log({ ...fields, level: name, message: message ?? '' });
  }
  const methods = logger as Methods;
  const name = NAMES[level].find((candidate) => typeof methods[candidate] === 'function') ?? 'info';
  const call = (...args: unknown[]) => void methods[name]?.call(logger, ...args);
  if (takesFieldsFirst(logger)) return (fields, message) => (message === undefined ? call(fields) : call(fields, message));
  // `console.trace` prints a stack, which is not what is meant.
  const { log } = methods;
  const print = name === 'trace' && typeof log === 'function' ? (text: string) => void log.call(logger, text) : call;
  return (fields, message) => print(asText(fields, message));
}

/** One line, whatever is in it. */
function asText(fields: Fields, message: string | undefined): string {
  const hasFields = Object.keys(fields).length > 0;
  const text = printable(message ?? '', 16_384);
  return hasFields ? `${text === '' ? '' : `${text} `}${JSON.stringify(fields)}` : text;
}

function isWinston(logger: OwnLogger): logger is { levels: object; log: (entry: object) => unknown } {
  const { log, levels, transports } = logger as { log?: unknown; levels?: unknown; transports?: unknown };
  return typeof log === 'function' && typeof levels === 'object' && levels !== null && transports !== undefined;
}

/** pino and bunyan: `info(fields, message)`. */
function takesFieldsFirst(logger: OwnLogger): boolean {
  const { child, bindings, addStream, levels } = logger as Readonly<Record<string, unknown>>;
  return (
    typeof child === 'function' &&
    (typeof bindings === 'function' || typeof addStream === 'function' || typeof levels === 'function')
  );
}
