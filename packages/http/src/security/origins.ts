import { type Option, OptionProblem, show } from '@express-micro/core';
import { isProduction } from '../environment.ts';

/** `'*'`: every origin. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/** Origins are compared letter by letter: one with a path, or a slash at its end, would never be found. */
function readOrigin(entry: unknown): string {
  const text = typeof entry === 'string' ? entry.trim() : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin === 'null' || (text !== url.origin && text !== `${url.origin}/`)) {
    throw new OptionProblem(`${show(entry)} is no origin`);
  }
  return url.origin;
}

function readOrigins(value: unknown): Origins {
  if (typeof value === 'function') return value as (origin: string) => boolean;
  const entries = (typeof value === 'string' ? value.split(',') : value) as unknown;
  if (!Array.isArray(entries)) throw new OptionProblem();
  const given = entries.filter((entry) => typeof entry !== 'string' || entry.trim() !== '');
  if (given.some((entry) => typeof entry === 'string' && entry.trim() === '*')) {
    if (given.length > 1) throw new OptionProblem('"*" beside others: it is all of them');
    return '*';
  }
  return Object.freeze(given.map(readOrigin));
}

/** Nobody is served across origins in production until somebody says who. */
export const originsOption: Option<Origins> = {
  takes: '"*", a function (origin) => boolean, or origins such as "https://shop.example.com" as a list or with commas',
  fallback: () => {
    const named = process.env.ALLOWED_ORIGINS;
    if (named === undefined || named.trim() === '') return isProduction() ? [] : '*';
    try {
      return readOrigins(named);
    } catch (problem) {
      const detail = problem instanceof OptionProblem && problem.detail !== undefined ? `: ${problem.detail}` : '';
      throw new OptionProblem(`ALLOWED_ORIGINS is ${show(named)}${detail}`);
    }
  },
  read: readOrigins,
};
