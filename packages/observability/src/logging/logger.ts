import { EventEmitter } from 'node:events';
import { type Context, keepContext, systemClock } from '@express-micro/core';
import { createComplaints } from '../complaints.ts';
import { optionInvalid } from '../errors.ts';
import { fieldsOf, jsonOf } from '../request/joined-fields.ts';
import { atExit } from './at-exit.ts';
import { createCleaner, type Fields } from './clean.ts';
import { onLevelSignal } from './level-signal.ts';
import { isLevelName, LEVEL_NAMES, LEVELS, type LevelName, nameOfRank } from './levels.ts';
import { createLogMethods, type LineState, type LogMethod, type WriteLine } from './log-line.ts';
import { type LoggerOptions, resolveLoggerOptions } from './logger-options.ts';
import { writeTo } from './own-logger.ts';
import { createPinoLines, type PinoLine } from './pino.ts';
import type { RaisedRequests } from './request-level.ts';
import type { FileEvents } from './rotating-file.ts';
import { createSecrets, NO_SECRETS, type Secrets } from './secrets.ts';
import { createSinks, type Sinks } from './sinks.ts';
import { createTimestamp } from './timestamp.ts';

export interface LoggerEvents extends FileEvents {
  /** The level is another one now. */
  level: { readonly level: LevelName; readonly before: LevelName };
}

/**
 * Writes lines that know their request: `logger.info('Order is paid', { orderId })` anywhere in the code that serves it, or
 * that it has started, has its request id, trace and caller. Nothing needs to be passed around.
 */
export interface Logger {
  readonly error: LogMethod;
  readonly warn: LogMethod;
  readonly info: LogMethod;
  readonly http: LogMethod;
  readonly debug: LogMethod;
  readonly trace: LogMethod;
  /** The most talkative level that is written. Setting it holds for all children too. @throws OBSERVABILITY_OPTION_INVALID */
  level: LevelName;
  /** The level that it began with. */
  readonly configuredLevel: LevelName;
  isLevelEnabled(level: LevelName): boolean;
  /** A logger whose lines have these fields too. */
  child(fields: Fields): Logger;
  /** What is held has been written when this returns. */
  flush(): void;
  /** Listens; answers how to stop listening. */
  on<E extends keyof LoggerEvents>(event: E, listener: (news: LoggerEvents[E]) => void): () => void;
  /** Writes what is held and lets go of files and signals. Lines that come later are lost. */
  close(): Promise<void>;
}

/** What the parts of this package need of a logger, and nobody else. */
export interface LoggerInside {
  readonly state: LineState;
  readonly secrets: Secrets;
}
const INSIDE = new WeakMap<object, LoggerInside>();

export function insideOf(logger: Logger): LoggerInside {
  const inside = INSIDE.get(logger);
  if (inside === undefined) throw optionInvalid('This takes a logger that createLogger() or observability() has made.', {});
  return inside;
}

export function isLogger(value: unknown): value is Logger {
  return typeof value === 'object' && value !== null && INSIDE.has(value);
}

/** Names that each line has by itself. */
const RESERVED: ReadonlySet<string> = new Set([
  'level',
  'timestamp',
  'service',
  'message',
  'requestId',
  'trace_id',
  'span_id',
  'caller',
]);

/**
 * A logger on pino: one line of JSON a call, with timestamp, level, message, service, and what joins it to its request.
 *
 * A part of `observability()`, to be used alone where there is no app: in a job, or a script.
 *
 * @throws OBSERVABILITY_OPTION_INVALID names the option, what it got and what it takes
 * @throws OBSERVABILITY_FILE_REFUSED when a file cannot be opened
 */
export function createLogger(options?: LoggerOptions): Logger {
  const resolved = resolveLoggerOptions('createLogger()', options);
  const { service, level, files, redact, logger: own, stream, holdMs, levelSignal } = resolved;
  keepContext();
  const news = new EventEmitter();
  const complain = createComplaints(systemClock);
  // What a listener throws is not the file's trouble that told it, nor that of the signal.
  const tell = (event: keyof LoggerEvents, about: LoggerEvents[keyof LoggerEvents]) => {
    try {
      news.emit(event, about);
    } catch (error) {
      complain(`A listener of the event "${event}" of a logger has failed.`, error);
    }
  };
  const secrets = redact === false ? NO_SECRETS : createSecrets(redact);
  const sinks = createSinks({
    console: own === undefined ? resolved.console : false,
    hasColours: process.stdout.hasColors?.() ?? false,
    files,
    stream,
    holdMs,
    clock: systemClock,
    tell,
  });
  const configured = LEVELS[level];
  const state: LineState = {
    rank: configured,
    raised: undefined,
    cleaner: createCleaner(secrets, RESERVED),
    write:
      own === undefined
        ? writeJson(service, sinks)
        : writeBoth(writeTo(own), files === false && stream === undefined ? undefined : writeJson(service, sinks)),
  };

  function setRank(rank: number, by: string): void {
    if (rank === state.rank) return;
    const change = { level: nameOfRank(rank), before: nameOfRank(state.rank) };
    state.rank = rank;
    tell('level', change);
    root.warn(`Log level is ${change.level} now, it was ${change.before} (${by}).`);
  }
  const raise = () => setRank(state.rank >= LEVELS.trace ? configured : state.rank + 1, `by ${String(levelSignal)}`);
  const forgetSignal = levelSignal === false ? () => {} : onLevelSignal(levelSignal, raise);

  const forgetExit = atExit({
    flush: sinks.flush,
    hurry: sinks.hurry,
    crashed: (error, origin) => root.error(`The process ends: ${origin}`, error instanceof Error ? error : { error }),
  });
  let closing: Promise<void> | undefined;

  function create(bound: Fields | undefined): Logger {
    const logger: Logger = {
      ...createLogMethods(state, bound),
      get level() {
        return nameOfRank(state.rank);
      },
      set level(name: LevelName) {
        if (!isLevelName(name))
          throw optionInvalid(`A level is one of ${LEVEL_NAMES.join(', ')}; it got ${JSON.stringify(name)}.`, {});
        setRank(LEVELS[name], 'set by the program');
      },
      configuredLevel: level,
      isLevelEnabled: (name) => LEVELS[name] <= state.rank,
      child: (fields) => create({ ...bound, ...state.cleaner.fields(fields) }),
      flush: sinks.flush,
      on(event, listener) {
        news.on(event, listener);
        return () => news.off(event, listener);
      },
      close() {
        closing ??= (async () => {
          forgetSignal();
          await sinks.close();
          forgetExit();
        })();
        return closing;
      },
    };
    INSIDE.set(logger, { state, secrets });
    return logger;
  }
  const root = create(undefined);
  return root;
}

/** Lets single requests be told in more detail than the rest. */
export function raiseRequests(logger: Logger, raised: RaisedRequests): void {
  insideOf(logger).state.raised = raised;
}

function writeJson(service: string, sinks: Sinks): WriteLine {
  // pino writes within the call, so what it is called for can stand here.
  let rank = 0;
  let context: Context | undefined;
  const timestamp = createTimestamp(systemClock);
  const lines = createPinoLines({
    service,
    // What joins a line to its request stands beside its time: a piece of JSON that pino takes as it is.
    head: () => timestamp() + jsonOf(context),
    write: (line) => sinks.write(rank, line),
  });
  return (ofLine, fields, message, ofContext) => {
    rank = ofLine;
    context = ofContext;
    (lines[ofLine] as PinoLine)(fields, message);
  };
}

/**
 * To somebody's own logger, which does not know contexts; and to files, where there are some too. What it throws must not
 * become the app's.
 */
function writeBoth(own: ReturnType<typeof writeTo>, json: WriteLine | undefined): WriteLine {
  const complain = createComplaints(systemClock);
  return (rank, fields, message, context) => {
    try {
      own[rank]?.({ ...fields, ...fieldsOf(context) }, message);
    } catch (error) {
      complain('Lines cannot be written to the logger of the option "logger".', error);
    }
    json?.(rank, fields, message, context);
  };
}
