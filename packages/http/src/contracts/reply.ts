import { integerOption, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';

export interface ReplyOptions {
  /** 200 to 599. @default that of the contract */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const REPLY: unique symbol = Symbol.for('express-micro.reply.1') as never;

/** An answer with a status or headers of its own. */
export interface Reply<Data = unknown> {
  readonly [REPLY]: true;
  readonly data: Data;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

const headers: Option<Readonly<Record<string, string | readonly string[]>>> = {
  takes: 'an object of texts and lists of texts',
  fallback: () => NO_HEADERS,
  read(value) {
    if (typeof value !== 'object' || value === null) throw new OptionProblem();
    for (const [name, text] of Object.entries(value)) {
      const isText = typeof text === 'string' || (Array.isArray(text) && text.every((one) => typeof one === 'string'));
      if (!isText) throw new OptionProblem(`of "${name}"`);
    }
    return value as Readonly<Record<string, string>>;
  },
};

const OPTIONS = {
  status: integerOption('a status', { min: 200, max: 599 }, () => undefined),
  headers,
};

/**
 * For a handler that has more to say than its data: `return reply(order, { headers: { location: '/orders/7' } })`.
 * @throws HTTP_OPTION_INVALID
 */
export function reply<const Data>(data: Data, options: ReplyOptions = {}): Reply<Data> {
  return Object.freeze({ [REPLY]: true as const, data, ...resolveOptions('reply()', OPTIONS, options, optionInvalid) });
}

/** Of any copy of this package. */
export function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && (value as { [REPLY]?: unknown })[REPLY] === true;
}
