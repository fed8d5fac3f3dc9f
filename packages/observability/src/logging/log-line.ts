// Hot path: a line. Its bench: bench/log-line.mjs

import { format } from 'node:util';
import { type Context, currentContext } from '@express-micro/core';
import { reasonOf } from '../reason.ts';
import type { Cleaner, Fields } from './clean.ts';
import { isError } from './error-fields.ts';
import { LEVEL_NAMES, type LevelName } from './levels.ts';
import type { RaisedRequests } from './request-level.ts';

/**
 * Writes a line of one level: a message, fields, an error, in whatever order they come.
 *
 * `logger.info('Order is paid', { orderId: 7 })`, `logger.info({ orderId: 7 }, 'Order is paid')`,
 * `logger.error('Payment failed', error)`, `logger.error(error)`, `logger.info('%s of %d', name, count)`.
 */
export interface LogMethod {
  (message: string, ...values: readonly unknown[]): void;
  (fields: Fields | Error, message?: string, ...values: readonly unknown[]): void;
}

/** Takes what is fit to be written, with the context that it belongs to. */
export type WriteLine = (
  rank: number,
  fields: Fields | undefined,
  message: string | undefined,
  context: Context | undefined,
) => void;

/** What all children of a logger share. */
export interface LineState {
  /** Lines of a higher rank are not written. */
  rank: number;
  raised: RaisedRequests | undefined;
  readonly cleaner: Cleaner;
  readonly write: WriteLine;
}

const PLACEHOLDER = /%[sdifjoOc%]/;

/** @param bound fields of a child, clean already */
export function createLogMethods(state: LineState, bound: Fields | undefined): Record<LevelName, LogMethod> {
  const { cleaner, write } = state;

  function line(rank: number, given: unknown, second: unknown, more: readonly unknown[] | undefined): void {
    const context = currentContext();
    if (rank > state.rank && (state.raised?.any !== true || context === undefined || rank > state.raised.rankOf(context))) return;
    try {
      compose(rank, given, second, more, context);
    } catch (error) {
      // A proxy, a getter or a `toString` of somebody's that throws: the app goes on, and the line says why it is short.
      const message = typeof given === 'string' ? cleaner.text(given) : undefined;
      write(rank, { ...bound, unreadable: reasonOf(error) }, message, context);
    }
  }

  function compose(
    rank: number,
    given: unknown,
    second: unknown,
    more: readonly unknown[] | undefined,
    context: Context | undefined,
  ): void {
    let fields: Fields | undefined;
    let message: string | undefined;
    if (typeof given === 'object' && given !== null) {
      fields = isError(given) ? { error: given } : (given as Fields);
      if (typeof second === 'string') message = more === undefined ? second : format(second, ...more);
      else if (isError(given)) message = String(given.message);
      else if (typeof fields.message === 'string') ({ message, ...fields } = fields as { message: string });
    } else {
      message = typeof given === 'string' ? given : String(given);
      if (second !== undefined) {
        if (typeof second !== 'object' || second === null || more !== undefined || PLACEHOLDER.test(message)) {
          message = more === undefined ? format(message, second) : format(message, second, ...more);
        } else fields = isError(second) ? { error: second } : (second as Fields);
      }
    }
    if (fields !== undefined) fields = cleaner.fields(fields);
    if (bound !== undefined) fields = fields === undefined ? bound : { ...bound, ...fields };
    write(rank, fields, message === undefined ? undefined : cleaner.text(message), context);
  }

  const methods = {} as Record<LevelName, LogMethod>;
  LEVEL_NAMES.forEach((name, rank) => {
    methods[name] = (given: unknown, second?: unknown, ...more: readonly unknown[]) => {
      // The first thing, and all that a line costs that is not written.
      if (rank > state.rank && state.raised?.any !== true) return;
      // Of lines that are written most are such.
      if (typeof given === 'string' && second === undefined && more.length === 0 && rank <= state.rank)
        write(rank, bound, cleaner.text(given), currentContext());
      else line(rank, given, second, more.length === 0 ? undefined : more);
    };
  });
  return methods;
}
