import { describe, expect, it } from 'vitest';
import { type MemberRecord, parseRecord, writeRecord } from './record.ts';
import { createRecordReader } from './record-reader.ts';

const GOOD: MemberRecord = {
  id: 'a'.repeat(32),
  service: '@shop/orders',
  url: 'http://10.0.0.7:3001',
  incarnation: 3,
  status: 'UP',
  routesHash: 'abc-_9',
  isSigning: true,
  leaseMs: 7_500,
};
const without = (field: keyof MemberRecord) => ({ ...GOOD, [field]: undefined });

describe('a record of a member', () => {
  it('is read as it was written, and without what else is in it', () => {
    expect(parseRecord(writeRecord(GOOD))).toEqual(GOOD);
    expect(parseRecord(JSON.stringify({ ...GOOD, isAdmin: true }))).toEqual(GOOD);
  });

  it.each(Object.keys(GOOD).filter((field) => field !== 'isSigning') as (keyof MemberRecord)[])('is none without %s', (field) => {
    expect(parseRecord(JSON.stringify(without(field)))).toBeUndefined();
  });

  it.each([
    ['an id of another form', { id: 'x' }],
    ['a service of a name that JavaScript asks for', { service: '__proto__' }],
    ['a service with a space', { service: 'a b' }],
    ['an address with a path', { url: 'http://10.0.0.7/x' }],
    ['an address where cloud metadata is', { url: 'http://169.254.169.254' }],
    ['an address of another protocol', { url: 'file:///etc/passwd' }],
    ['an incarnation that is no count', { incarnation: 1.5 }],
    ['an incarnation near the end of integers', { incarnation: 2 ** 52 }],
    ['an incarnation below nothing', { incarnation: -1 }],
    ['another status', { status: 'ALIVE' }],
    ['a hash that is none', { routesHash: '../x' }],
    ['a lease for ever', { leaseMs: 1e12 }],
  ])('is none with %s', (_what, field) => {
    expect(parseRecord(JSON.stringify({ ...GOOD, ...field }))).toBeUndefined();
  });

  it.each([
    ['no JSON', ''],
    ['a list', '[]'],
    ['nothing', 'null'],
    ['a key that reaches the prototype', `{"__proto__":${JSON.stringify(GOOD)}}`],
    ['depth', `${'[ '.repeat(40)}${' ]'.repeat(40)}`],
    ['more than 2 KiB', JSON.stringify({ ...GOOD, more: 'x'.repeat(2_048) })],
  ])('%s is none', (_what, text) => {
    expect(parseRecord(text)).toBeUndefined();
    expect(({} as { id?: unknown }).id).toBeUndefined();
  });

  it('is read among others, up to as many as there is room for', () => {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const read = createRecordReader('Memory', { info: say, warn: say, error: say }, 3);
    const text = writeRecord(GOOD);
    expect(read([text, 'garbage\nfake line', text, text])).toEqual([GOOD, GOOD]);
    expect(read(['more garbage'])).toEqual([]);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Memory holds what is no record of a member \(1 of 4\), such as garbage\\u000afake line: it is left out/,
      ),
    ]);
  });
});
