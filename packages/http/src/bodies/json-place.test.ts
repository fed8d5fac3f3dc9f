import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placeOfError } from './json-place.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

it.each([
  ['', 1, 1],
  ['   ', 1, 4],
  ['x', 1, 1],
  ['{"a":1,}', 1, 8],
  ['{"a":1,,}', 1, 8],
  ['[1,]', 1, 4],
  ['[1 2]', 1, 4],
  ['{"a" 1}', 1, 6],
  ['{a:1}', 1, 2],
  ['{"a":tru}', 1, 6],
  ['{"a":01}', 1, 7],
  ['{"a":1', 1, 7],
  ['{"a":"x', 1, 8],
  ['{"a":"x\ty"}', 1, 8],
  ['{"a":"\\x"}', 1, 7],
  ['{"a":"\\u12g4"}', 1, 7],
  ['{}{}', 1, 3],
  ['{\n  "name": "Ada",\n  "age": ?\n}', 3, 10],
  ['{\r\n"a": 1,\r\n]', 3, 1],
  ["{'a': 1}", 1, 2],
])('of %j the mistake is at line %i, column %i', (text, line, column) => {
  expect(isJson(text)).toBe(false);
  expect(placeOfError(text)).toEqual({ line, column });
});

it('finds a mistake exactly where JSON.parse does', () => {
  const nearly = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', ',', '"', '{', '}', '[', ']', ':', '\\', '\n', '0', '-', 'e', 'x', '\u0000', ' '),
      fc.nat(2),
    )
    .map(([text, at, put, cut]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + cut));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string(), fc.json()), (text) => {
      expect(placeOfError(text) === undefined).toBe(isJson(text));
    }),
    { numRuns: 3_000 },
  );
});

it('is behind all that is right: what is cut off is wrong at its end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))),
      fc.nat(),
      (value, cut) => {
        const text = JSON.stringify(value);
        // Escapes are looked at as a whole.
        const prefix = text.slice(0, cut % text.length).replace(/\\[^"]*$/, '');
        expect(placeOfError(prefix)).toEqual({ line: 1, column: prefix.length + 1 });
      },
    ),
  );
});

it('reads what is nested a million deep', () => {
  expect(placeOfError('['.repeat(1_000_000))).toEqual({ line: 1, column: 1_000_001 });
  expect(placeOfError(`"${'x'.repeat(5_000_000)}`)).toEqual({ line: 1, column: 5_000_002 });
});
