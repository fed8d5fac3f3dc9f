import { describe, expect, it } from 'vitest';
import { fingerprint, readKey, storeKey } from './request-key.ts';

describe('the key of a request', () => {
  it.each([
    [undefined, undefined],
    ['abc', 'abc'],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['', false],
    ['""', false],
    ['with space', false],
    ['ümlaut', false],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['x'.repeat(256), false],
    [['a', 'b'], false],
  ])('%j is %j', (header, key) => expect(readKey(header)).toBe(key));

  it('counts for one caller, method and path, however they are cut', () => {
    const scope = { caller: 'a', method: 'POST', path: '/x', key: 'k' };
    const keys = [
      scope,
      { ...scope, caller: 'b' },
      { ...scope, method: 'PUT' },
      { ...scope, path: '/y' },
      { ...scope, key: 'l' },
      { ...scope, caller: 'a4:POST', method: '' },
    ].map(storeKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the fingerprint of a payload', () => {
  const parsed = (body: unknown) => fingerprint('', { parsed: body });

  it('is the same for bodies that say the same', () => {
    expect(parsed({ a: 1, b: { c: 2, d: [1, { e: 1, f: 2 }] } })).toBe(parsed({ b: { d: [1, { f: 2, e: 1 }], c: 2 }, a: 1 }));
    expect(parsed(Buffer.from('x'))).toBe(fingerprint('', Buffer.from('x')));
  });

  it('differs where anything else differs', () => {
    const all = [
      parsed({ a: 1 }),
      parsed({ a: '1' }),
      parsed([1, 2]),
      parsed([2, 1]),
      parsed(undefined),
      parsed(null),
      fingerprint('a=1', Buffer.from('')),
      fingerprint('', Buffer.from('a=1')),
      fingerprint('', Buffer.from('{"a": 1}')),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
