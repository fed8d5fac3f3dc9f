import { integerOption, type Option, resolveOptions } from '@express-micro/core';
import { type FieldProblem, ValidationError } from '../app-errors.ts';
import { optionInvalid } from '../errors.ts';

/** Which part of a list is asked for. */
export interface PageOf {
  /** From 1 on. */
  readonly page: number;
  readonly limit: number;
  /** How many items stand before it: `OFFSET` of SQL. */
  readonly offset: number;
}

export interface PageOptions {
  /** Items of a page, where nobody says. @default 20 */
  readonly defaultLimit?: number | undefined;
  /** Raising it makes an answer larger; lowering it takes more requests for a list. @default 100 */
  readonly maxLimit?: number | undefined;
  /**
   * The last page that is given out: a database counts through all that stands before. Raising it lets one request cost that; whoever
   * walks through long lists is better served by cursors. @default 10000
   */
  readonly maxPage?: number | undefined;
}

const MOST = 1_000_000;
const TABLE = {
  defaultLimit: integerOption('a number', { min: 1, max: MOST }, () => 20),
  maxLimit: integerOption('a number', { min: 1, max: MOST }, () => 100),
  maxPage: integerOption('a number', { min: 1, max: MOST }, () => 10_000),
} satisfies Readonly<Record<keyof PageOptions, Option<number>>>;

/**
 * Reads `page` and `limit` of a query: `const { limit, offset } = pageOf(req.query)`.
 *
 * @throws ValidationError (400) where one is no whole number of its range; HTTP_OPTION_INVALID
 */
export function pageOf(query: unknown, options?: PageOptions): PageOf {
  const { defaultLimit, maxLimit, maxPage } = resolveOptions('pageOf()', TABLE, options, optionInvalid);
  const problems: FieldProblem[] = [];
  const page = numberOf(query, 'page', 1, maxPage, problems);
  const limit = numberOf(query, 'limit', Math.min(defaultLimit, maxLimit), maxLimit, problems);
  if (problems.length > 0) throw new ValidationError(undefined, problems);
  return { page, limit, offset: (page - 1) * limit };
}

function numberOf(query: unknown, field: string, fallback: number, most: number, problems: FieldProblem[]): number {
  const given = queryField(query, field);
  if (given === undefined || given === '') return fallback;
  const number = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= most) return number;
  problems.push({ field, message: `must be a whole number from 1 to ${most}` });
  return fallback;
}

/** Of a query parser's object, which has what a client has sent and nothing else. */
export function queryField(query: unknown, field: string): unknown {
  if (typeof query !== 'object' || query === null || !Object.hasOwn(query, field)) return undefined;
  return (query as Record<string, unknown>)[field];
}
