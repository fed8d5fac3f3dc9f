import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import { LEVEL_NAMES, LEVELS, type LevelName } from './levels.ts';
import type { Destination } from './line-buffer.ts';

export type PinoLine = (fields: object | undefined, message: string | undefined) => void;

export interface PinoOptions {
  readonly service: string;
  /** A piece of JSON that each line has behind its level; it begins with a comma. */
  readonly head: () => string;
  /** Takes each line, with its line end. */
  readonly write: (line: string) => void;
}

/**
 * pino as the maker of lines: JSON with the row's names. Which levels are told is decided before, so all are on here.
 * One function a level, in the order of ranks.
 */
export function createPinoLines({ service, head, write }: PinoOptions): readonly PinoLine[] {
  const stream: DestinationStream = { write };
  const logger = pino(
    {
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      levelComparison: 'DESC',
      level: 'trace',
      base: { service },
      messageKey: 'message',
      errorKey: 'error',
      // Errors are fields by the time they come here, with what is secret in them taken out.
      serializers: { error: (error: unknown) => error },
      timestamp: head,
      formatters: { level: (level) => ({ level }) },
    },
    stream,
  ) as Pino<LevelName>;
  return LEVEL_NAMES.map((level) => (fields, message) => {
    if (fields === undefined) logger[level](message);
    else logger[level](fields, message);
  });
}

/** What a pipe that nobody reads may hold up before lines are dropped. */
const MAX_WAITING_BYTES = 8_388_608;

/** A descriptor such as 1 for standard output, or what is no regular file. Written at once and in order; a full pipe is waited for. */
export function openDestination(dest: string | number): Destination {
  const boom = destination({ dest, sync: true, minLength: 0, maxLength: MAX_WAITING_BYTES, append: true });
  return {
    write: (lines) => void boom.write(lines),
    close: () =>
      new Promise((resolve) => {
        // Standard output is not ours to close.
        if (typeof dest === 'number') return resolve();
        boom.once('close', resolve).once('error', () => resolve());
        boom.end();
      }),
  };
}
