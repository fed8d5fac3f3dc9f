import { systemClock } from '@express-micro/core';
import { atExit } from '../logging/at-exit.ts';
import { isLogger } from '../logging/logger.ts';
import { createSecrets, NO_SECRETS } from '../logging/secrets.ts';
import { openTextSink } from '../logging/sinks.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { type Middleware, observing } from '../request/request-id.ts';
import { type AccessLogOptions, type AccessLogTarget, resolveAccessLogOptions } from './access-log-options.ts';
import { compileFormat, type FormatFunction } from './formats.ts';
import { isRoutine } from './routine.ts';
import { createTokens } from './tokens.ts';

/** An access log, and how to let go of what it writes to. */
export interface AccessLog {
  readonly observer: RequestObserver;
  close(): Promise<void>;
}

/**
 * One line a request in a format of the field, when its answer is out or can never be.
 *
 * A part of `observability()`, to be used alone: `app.use(accessLog('combined'))`, before everything that is to be logged.
 *
 * @throws OBSERVABILITY_OPTION_INVALID, OBSERVABILITY_FILE_REFUSED
 */
export function accessLog(given?: string | FormatFunction | AccessLogOptions): Middleware {
  return observing([createAccessLog(given).observer]);
}

export function createAccessLog(given: string | FormatFunction | AccessLogOptions | undefined): AccessLog {
  const { format: wanted, to, tokens: own, skip, redact, holdMs } = resolveAccessLogOptions(given);
  const isTerminal = to === 'console' && process.stdout.isTTY === true;
  const { format, showsHead } = compileFormat(wanted, {
    tokens: createTokens(redact === false ? NO_SECRETS : createSecrets(redact)),
    own,
    hasColours: isTerminal && process.stdout.hasColors(),
  });
  const { write, close } = openTarget(to, isTerminal ? 0 : holdMs);

  function ended(request: ObservedRequest): void {
    if (skip === undefined ? isRoutine(request) : skip(request.req, request.res)) return;
    const line = format(request);
    if (line !== undefined) write(line, request);
  }
  const name = 'The access log';
  return { observer: showsHead ? { name, began: (request) => request.watchHead(), ended } : { name, ended }, close };
}

type Target = { readonly write: (line: string, request: ObservedRequest) => void; readonly close: () => Promise<void> };

function openTarget(to: AccessLogTarget, holdMs: number): Target {
  if (isLogger(to)) return { write: (line) => to.http(line), close: () => Promise.resolve() };
  if (to !== 'console' && 'write' in to) {
    return { write: (line) => void to.write(`${line}\n`), close: () => Promise.resolve() };
  }
  const sink = openTextSink(to === 'console' ? undefined : to.file, { holdMs, clock: systemClock });
  const forgetExit = atExit({ flush: sink.flush, hurry: sink.hurry, crashed: () => {} });
  return {
    write: (line) => sink.write(`${line}\n`),
    async close() {
      await sink.close();
      forgetExit();
    },
  };
}
