import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from './key-ring.ts';

const A = 'aaaaaaaaaaaaaaaa-first';
const B = 'bbbbbbbbbbbbbbbb-second';
const secretsOf = (text: string): [string, string][] => parseKeys(text).keys.map((key) => [key.kid, key.secret]);

describe('the keys in a text', () => {
  it.each<[string, string, [string, string][]]>([
    ['one key is called default', A, [['default', A]]],
    ['white space around the text is dropped', `\uFEFF ${A}\r\n`, [['default', A]]],
    ['one key may be named', `k1:${A}`, [['k1', A]]],
    [
      'a list keeps its order',
      `new:${B},old:${A}`,
      [
        ['new', B],
        ['old', A],
      ],
    ],
    ['further colons belong to the secret', `k1:a:b:${A}`, [['k1', `a:b:${A}`]]],
    ['a colon after what is no id belongs to a single key', `p@ss:${A}`, [['default', `p@ss:${A}`]]],
    ['a colon at the very front too', `:${A}`, [['default', `:${A}`]]],
    ['a key that looks like a pair is written with default', `default:k1:${A}`, [['default', `k1:${A}`]]],
    ['a beginning longer than an id is part of the key', `${'x'.repeat(33)}:${A}`, [['default', `${'x'.repeat(33)}:${A}`]]],
    [
      'sixteen keys are taken',
      Array.from({ length: 16 }, (_, i) => `k${i}:${A}`).join(','),
      Array.from({ length: 16 }, (_, i) => [`k${i}`, A]),
    ],
  ])('%s', (_, text, expected) => {
    expect(secretsOf(text)).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /is empty.*randomBytes\(32\)/s],
    ['white space alone', ' \n', /is empty/],
    ['a short key', 'hunter2hunter2', /too short: the key has 14 characters.*randomBytes/s],
    ['a short key in a list', `k1:${A},k2:hunter2`, /too short: key 2 of 2 has 7 characters/],
    ['an empty secret', `k1:${A},k2:`, /too short: key 2 of 2 has 0/],
    ['an empty entry', `k1:${A},`, /key 2 of 2 does not begin with an id/],
    ['a list entry without id', `k1:${A},${B}`, /key 2 of 2 does not begin with an id.*cannot hold a comma/s],
    ['a list entry with a bad id', `k 1:${A},k2:${B}`, /key 1 of 2 does not begin with an id/],
    ['a space after the comma', `k1:${A}, k2:${B}`, /key 2 of 2.*without spaces/s],
    ['an id of 33 characters', `${'k'.repeat(33)}:${A},k2:${B}`, /key 1 of 2/],
    ['the same id twice', `k1:${A},k2:${B},k1:${B}`, /keys 1 and 3 the same id/],
    ['white space inside', `k1:${A} x`, /white space/],
    ['a line break inside', `${A}\n${B}`, /white space/],
    ['a control character', `${A}\u0007`, /control characters/],
    ['non-ASCII text', `${A}é`, /non-ASCII/],
    ['seventeen keys', Array.from({ length: 17 }, (_, i) => `k${i}:${A}`).join(','), /17 keys; at most 16/],
    ['a key of 1025 characters', 'x'.repeat(1025), /too long/],
  ])('are refused with a reason and without the secret: %s', (_, text, message) => {
    let thrown: unknown;
    try {
      parseKeys(text, 'THE_SOURCE');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'MESH_KEY_INVALID', message: expect.stringMatching(message) });
    const shown = inspect(thrown);
    expect(shown).toContain('THE_SOURCE');
    for (const part of [A, B, 'hunter2', 'xxxxxxxx', 'kkkkkkkk', 'k 1']) expect(shown).not.toContain(part);
  });

  it('parse to what they say or are refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-c:, ]{0,60}$/)), (text) => {
        try {
          const ring = parseKeys(text);
          const rebuilt = ring.keys.map((key) => `${key.kid}:${key.secret}`).join(',');
          return secretsOf(rebuilt).join() === ring.keys.map((key) => [key.kid, key.secret]).join();
        } catch (error) {
          return (error as { code?: string }).code === 'MESH_KEY_INVALID';
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a key ring', () => {
  const ring = parseKeys(`new:${B},old:${A}`);

  it('signs with the first key and finds all by id', () => {
    expect(ring.primary.kid).toBe('new');
    expect(ring.find('old').map((key) => key.secret)).toEqual([A]);
    expect(ring.find('other')).toEqual([]);
    expect(ring.find('__proto__')).toEqual([]);
  });

  it.each<[string, boolean]>([
    [A, true],
    [B, true],
    ['', false],
    [A.slice(0, -1), false],
    [`${A}x`, false],
    [`old:${A}`, false],
    [A.toUpperCase(), false],
    ['x'.repeat(100_000), false],
  ])('takes the bearer only when it is a secret, of any length: %#', (candidate, expected) => {
    expect(ring.acceptsBearer(candidate)).toBe(expected);
  });

  it('derives different keys for each use, and the same ones wherever the secret is the same', () => {
    const sum = (key: Parameters<typeof createHmac>[1]): string => createHmac('sha256', key).update('x').digest('hex');
    const [first, again] = [parseKeys(A).primary, parseKeys(`renamed:${A}`).primary];
    expect(new Set([first.gossip, first.call, first.token, first.secret].map(sum)).size).toBe(4);
    expect([again.gossip, again.call, again.token].map(sum)).toEqual([first.gossip, first.call, first.token].map(sum));
    expect(sum(first.gossip)).not.toBe(sum(parseKeys(B).primary.gossip));
  });

  it('shows no secret to a logger', () => {
    const shown = inspect(ring, { depth: 9 }) + JSON.stringify(ring) + JSON.stringify({ ...ring.primary });
    expect(shown).not.toContain(A);
    expect(shown).not.toContain(B);
  });
});
