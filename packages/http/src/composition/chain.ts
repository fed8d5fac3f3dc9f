import { show } from '@express-micro/core';
import { httpError } from '../errors.ts';

/** One who may be responsible: answers, or passes on with `undefined`. `null`, `false` and `0` are answers. */
export type Link<In, Out> = (input: In) => Out | undefined | Promise<Out | undefined>;

/**
 * A chain of responsibility: each is asked in turn, until one answers. `const priceOf = chain([memberPrice, salePrice], listPrice)`; then
 * `await priceOf(order)` has the type of what they answer. Where one fails, the chain does: nobody behind it is asked.
 *
 * @param last answers when nobody else does; without it that is `undefined`
 * @throws HTTP_OPTION_INVALID
 */
export function chain<In, Out>(
  links: readonly Link<In, Out>[],
  last: (input: In) => Out | Promise<Out>,
): (input: In) => Promise<Out>;
export function chain<In, Out>(links: readonly Link<In, Out>[]): (input: In) => Promise<Out | undefined>;
export function chain<In, Out>(links: readonly Link<In, Out>[], last?: Link<In, Out>): (input: In) => Promise<Out | undefined> {
  const all: readonly Link<In, Out>[] = Object.freeze(last === undefined ? [...links] : [...links, last]);
  for (const link of all) {
    if (typeof link !== 'function') {
      throw httpError(
        'HTTP_OPTION_INVALID',
        `chain() got ${show(link)} as a link; it takes a list of functions that answer or pass on with undefined.`,
      );
    }
  }
  return async (input) => {
    for (const link of all) {
      const answer = await link(input);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}
