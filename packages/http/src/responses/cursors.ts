import { createHmac, timingSafeEqual } from 'node:crypto';
import { integerOption, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { ValidationError } from '../app-errors.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { Jsonified } from '../jsonified.ts';
import type { SuccessResponse } from './api-response.ts';
import { pageOf, queryField } from './page-of.ts';

export interface CursorOptions {
  /**
   * Signs the cursors: at least 32 characters, the same in every instance. The first of a list signs, all of them are taken, so that one can
   * be exchanged.
   */
  readonly secret: string | readonly string[];
  /** Of which list, and for whom where that matters: a cursor of one scope is none of another. */
  readonly scope: string;
  /** Items of a page, where nobody says. @default 20 */
  readonly defaultLimit?: number | undefined;
  /** @default 100 */
  readonly maxLimit?: number | undefined;
}

/** What a request asks for: at most `limit` items behind `after`, as JSON has made it, or from the beginning. */
export interface CursorPlace<Position> {
  readonly after: Jsonified<Position> | undefined;
  readonly limit: number;
}

export interface CursorPage<Item> extends SuccessResponse<readonly Item[]> {
  /** `next` is `null` at the end. */
  readonly pagination: { readonly limit: number; readonly next: string | null };
}

export interface Cursors<Position> {
  /** Reads `cursor` and `limit` of a query. @throws ValidationError (400): no cursor of ours, or no such limit */
  read(query: unknown): CursorPlace<Position>;
  /** The answer, of one item more than `limit` where there are more: that is how it knows. */
  page<Item>(items: readonly Item[], limit: number, positionOf: (last: Item) => Position): CursorPage<Item>;
  /** @throws HTTP_RESPONSE_INVALID for a position that makes a cursor too long to come back */
  encode(position: Position): string;
  /** What JSON has made of the position. @throws ValidationError (400) */
  decode(cursor: string): Jsonified<Position>;
}

const MIN_SECRET_LENGTH = 32;
const MAX_CURSOR_LENGTH = 2_048;
/** Of HMAC-SHA-256; half of it is more than anybody tries. */
const TAG_BYTES = 16;
const MOST = 1_000_000;

type Given = { readonly [K in keyof CursorOptions]-?: Exclude<CursorOptions[K], undefined> };

const required = (): never => {
  throw new OptionProblem('there is none');
};
const isSecret = (value: unknown): value is string => typeof value === 'string' && value.length >= MIN_SECRET_LENGTH;
const TABLE: { readonly [K in keyof Given]: Option<Given[K]> } = {
  secret: {
    takes: `a text of at least ${MIN_SECRET_LENGTH} characters, or a list of such`,
    isSecret: true,
    fallback: required,
    read: (value) => {
      const secrets = Array.isArray(value) ? [...value] : [value];
      if (secrets.length === 0 || !secrets.every(isSecret)) throw new OptionProblem();
      return secrets as string[];
    },
  },
  scope: {
    takes: 'a name of the list, such as "orders"',
    fallback: required,
    read: (value) => {
      if (typeof value !== 'string' || value === '') throw new OptionProblem();
      return value;
    },
  },
  defaultLimit: integerOption('a number', { min: 1, max: MOST }, () => 20),
  maxLimit: integerOption('a number', { min: 1, max: MOST }, () => 100),
};

/**
 * Pages of a list that changes while it is read: a cursor says behind which item the next begins, and nobody but us can make
 * one. Its content can be read: it is no place for what a client must not see.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function createCursors<Position>(options: CursorOptions): Cursors<Position> {
  const { secret, scope, defaultLimit, maxLimit } = resolveOptions('createCursors()', TABLE, options, optionInvalid);
  const secrets = secret as readonly string[];
  const tagOf = (key: string, payload: string): string =>
    createHmac('sha256', key).update(`${scope}\0${payload}`).digest().subarray(0, TAG_BYTES).toString('base64url');

  const encode = (position: Position): string => {
    const text = JSON.stringify(position) as string | undefined;
    const payload = Buffer.from(text ?? '').toString('base64url');
    const cursor = `${payload}.${tagOf(secrets[0] as string, payload)}`;
    // Here, where it can be found: a client that gets such a cursor could never use it.
    if (text === undefined || cursor.length > MAX_CURSOR_LENGTH) {
      const why =
        text === undefined ? 'JSON has no word for it' : `it makes a cursor of more than ${MAX_CURSOR_LENGTH} characters`;
      throw httpError(
        'HTTP_RESPONSE_INVALID',
        `A position in the list "${scope}" cannot be sent: ${why}. Take what is sorted by, and the id.`,
      );
    }
    return cursor;
  };
  const decode = (cursor: string): Jsonified<Position> => {
    const parts = typeof cursor === 'string' && cursor.length <= MAX_CURSOR_LENGTH ? cursor.split('.') : [];
    const [payload = '', tag = ''] = parts;
    // As texts: the last letter of a tag holds bits that mean nothing, and decoding leaves out what is no letter.
    const isOurs = parts.length === 2 && secrets.some((key) => isSame(tagOf(key, payload), tag));
    if (!isOurs) throw new ValidationError(undefined, [{ field: 'cursor', message: 'is none of this list' }]);
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Jsonified<Position>;
  };
  return {
    encode,
    decode,
    read(query) {
      const { limit } = pageOf({ limit: queryField(query, 'limit') }, { defaultLimit, maxLimit });
      const cursor = queryField(query, 'cursor');
      return { limit, after: cursor === undefined || cursor === '' ? undefined : decode(cursor as string) };
    },
    page(items, limit, positionOf) {
      const data = items.slice(0, limit);
      const last = data.at(-1);
      const next = items.length > limit && last !== undefined ? encode(positionOf(last)) : null;
      return { status: 'success', message: 'Success', data, pagination: { limit, next } };
    },
  };
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
