import type { ServerResponse } from 'node:http';
import { type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';

export interface StreamListOptions {
  /** One JSON array, or a line of JSON for each item. @default 'json' */
  readonly format?: 'json' | 'ndjson' | undefined;
  /** @default 200 */
  readonly status?: number | undefined;
}

type Format = 'json' | 'ndjson';
const TABLE: { readonly format: Option<Format>; readonly status: Option<number> } = {
  format: {
    takes: "'json' or 'ndjson'",
    fallback: () => 'json',
    read: (value) => {
      if (value !== 'json' && value !== 'ndjson') throw new OptionProblem();
      return value;
    },
  },
  status: {
    takes: 'a status from 200 to 299',
    fallback: () => 200,
    read: (value) => {
      if (!Number.isInteger(value) || (value as number) < 200 || (value as number) > 299) throw new OptionProblem();
      return value as number;
    },
  },
};

const FRAMES = {
  json: { type: 'application/json; charset=utf-8', open: '[', between: ',', close: ']', empty: '[]' },
  ndjson: { type: 'application/x-ndjson; charset=utf-8', open: '', between: '\n', close: '\n', empty: '' },
} as const;

/**
 * Sends a list that need not be in memory: a cursor of a database, an async generator. It asks for the next item when the
 * client has room for it, and ends the source when the client goes away.
 *
 * What goes wrong before the first item is thrown, to be answered as usual. Later the connection is cut, so that half a list
 * never looks like a whole one, and it is thrown, too: to be logged.
 *
 * @throws HTTP_OPTION_INVALID
 */
export async function streamList(
  res: ServerResponse,
  items: AsyncIterable<unknown> | Iterable<unknown>,
  options?: StreamListOptions,
): Promise<void> {
  const { format, status } = resolveOptions('streamList()', TABLE, options, optionInvalid);
  const frame = FRAMES[format];
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : waiting(items[Symbol.iterator]());
  const client = watchClient(res);
  try {
    let item = await client.unlessGone(source.next());
    if (item === undefined) return;
    // Written before the head: an item that JSON cannot write is an error that can still be answered.
    let text = item.done === true ? frame.empty : frame.open + textOf(item.value);
    res.statusCode = status;
    res.setHeader('content-type', frame.type);
    res.removeHeader('content-length');
    if (res.req.method === 'HEAD') {
      res.end();
      return;
    }
    while (item.done !== true) {
      if (!res.write(text)) await client.unlessGone(drained(res));
      item = await client.unlessGone(source.next());
      if (item === undefined) return;
      text = item.done === true ? frame.close : frame.between + textOf(item.value);
    }
    res.end(text);
  } catch (error) {
    if (res.headersSent) cut(res);
    throw error;
  } finally {
    client.forget();
    // Not waited for: a generator in the middle of a step ends after it, and nobody is there any more to hear of it.
    void Promise.resolve(source.return?.()).catch(() => {});
  }
}

/** Promises in a list are waited for, as `for await` does. */
function waiting(source: Iterator<unknown>): Pick<AsyncIterator<unknown>, 'next' | 'return'> {
  return {
    async next() {
      const { done, value } = source.next();
      return done === true ? { done, value } : { value: await value };
    },
    async return() {
      source.return?.();
      return { done: true, value: undefined };
    },
  };
}

function textOf(item: unknown): string {
  const text = JSON.stringify(item);
  if (text === undefined) throw new TypeError('streamList(): an item is undefined, a function or a symbol, which is no JSON.');
  return text;
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => res.once('drain', resolve));
}

interface Client {
  /** What a promise resolves to, or `undefined` as soon as the client has gone. */
  unlessGone<T>(promise: T | PromiseLike<T>): Promise<T | undefined>;
  forget(): void;
}

/** One listener and no promise that outlives a step: a race with one that does would keep every item of a long list. */
function watchClient(res: ServerResponse): Client {
  let isGone = res.destroyed || res.socket?.destroyed === true;
  let wake = (): void => {};
  const onClose = (): void => {
    isGone = true;
    wake();
  };
  res.once('close', onClose);
  return {
    unlessGone: (promise) =>
      new Promise((resolve, reject) => {
        wake = () => resolve(undefined);
        Promise.resolve(promise).then((value) => resolve(isGone ? undefined : value), reject);
        if (isGone) wake();
      }),
    forget: () => res.off('close', onClose),
  };
}

/**
 * A cut connection says that the answer is not whole, except over HTTP/1.0 (what nginx speaks to us by default), where it says that it is. There
 * the last line is made one that nobody can read.
 */
function cut(res: ServerResponse): void {
  if (res.req.httpVersion === '1.0') res.end('\n{');
  else res.destroy();
}
