import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf, PARSERS } from './parsers.test-support.ts';

/** Another one each day; `npm run fuzz -- --seed` plays it again, for as long as one likes. */
const seed = Math.floor(Date.now() / 86_400_000);
const RUNS = 400;

describe('whatever comes over the network', () => {
  it.each(PARSERS)('$name is read or refused, in bounded time, and means one thing only', async ({ property }) => {
    const details = await fc.check(property, { seed, numRuns: RUNS });
    expect(failureOf(details)).toBeUndefined();
    expect(details.numRuns).toBe(RUNS);
  });

  it('is read by parsers with a name each', () => {
    expect(new Set(PARSERS.map(({ name }) => name)).size).toBe(PARSERS.length);
    expect(PARSERS.length).toBeGreaterThan(25);
  });
});
