import { parse } from 'node:querystring';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readQuery } from './query.ts';

it('a query is read as Node reads it', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('a', 'b', '', '%', '%zz', '%C3%A9', '%e9', '+', 'a+b', '%2B', '=', '==', '&', '&&', 'a[b]', '%00', '?'),
  );
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  const pairs = fc
    .array(fc.tuple(part, part), { maxLength: 8 })
    .map((all) => all.map(([name, value]) => `${name}=${value}`).join('&'));
  fc.assert(
    fc.property(fc.oneof(text, pairs), (query) => {
      const parsed = { ...parse(query) };
      if (Object.keys(parsed).some((key) => ['__proto__', 'constructor', 'prototype'].includes(key))) return;
      expect(readQuery(`/x?${query}`)).toEqual(parsed);
    }),
    { numRuns: 5_000 },
  );
});

it('no more than a thousand pairs, those that are empty counted', () => {
  expect(readQuery(`/x?${'a=1&'.repeat(999)}a=1`)).toEqual({ a: new Array(1_000).fill('1') });
  for (const query of ['a=1&'.repeat(1_000), '&'.repeat(1_000)])
    expect(() => readQuery(`/x?${query}`)).toThrow(expect.objectContaining({ status: 400 }));
  expect([readQuery(undefined), readQuery('/x'), readQuery('/x?')]).toEqual([{}, {}, {}]);
});
