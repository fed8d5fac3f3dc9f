import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../app-errors.ts';
import { inspectBody } from './inspect-body.ts';
import { jsonBody } from './json-body.ts';
import { parseForm } from './parse-form.ts';
import { parseJson } from './parse-json.ts';
import { urlencodedBody } from './urlencoded-body.ts';

const form = (text: string, limits = { maxDepth: 32, maxParameters: 1_000 }) => parseForm(Buffer.from(text), limits);
const refused = (code: string, status = 400) => expect.objectContaining({ code, status, isOperational: true });
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('parseJson', () => {
  it('reads objects and arrays, with a byte order mark too, and scalars where they are allowed', () => {
    expect(parseJson(Buffer.from('{"a":[1]}'))).toEqual({ a: [1] });
    expect(parseJson(Buffer.from('\ufeff[1]'))).toEqual([1]);
    for (const scalar of ['5', '"x"', 'null', 'true']) {
      expect(() => parseJson(scalar)).toThrow(refused('BODY_MALFORMED'));
      expect(parseJson(scalar, { allowScalars: true })).toEqual(JSON.parse(scalar));
    }
  });

  it('says where a mistake is, and nothing of the text', () => {
    expect(() => parseJson('{"password": hunter2}')).toThrow('The body is not valid JSON: line 1, column 14');
    expect(() => parseJson('{"password": hunter2}')).toThrow(expect.objectContaining({ data: { line: 1, column: 14 } }));
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(refused('BODY_MALFORMED'));
  });

  it('refuses keys that reach a prototype, in whatever spelling and depth', () => {
    for (const text of [
      '{"__proto__":{"admin":true}}',
      '{"a":[{"constructor":1}]}',
      '{"prototype":1}',
      '{"\\u005f_proto__":1}',
    ]) {
      expect(() => parseJson(text)).toThrow(refused('BODY_KEY_FORBIDDEN'));
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('refuses what is nested too deep, up to any depth', () => {
    expect(parseJson(nested(32))).toBeDefined();
    expect(() => parseJson(nested(33))).toThrow(refused('BODY_TOO_DEEP'));
    expect(() => parseJson(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`)).toThrow(refused('BODY_TOO_DEEP'));
    // Without parsing it: where the brackets are never closed, that is not even found.
    expect(() => parseJson('['.repeat(1_000_000))).toThrow(refused('BODY_TOO_DEEP'));
    expect(() => parseJson(nested(3), { maxDepth: 2 })).toThrow(refused('BODY_TOO_DEEP'));
  });

  it('counts no brackets that stand in strings, in long texts as in short ones', () => {
    const text = JSON.stringify({ a: '[{'.repeat(40_000), b: ['"[', '\\\\"[', '\\'] });
    expect(parseJson(text, { maxDepth: 2 })).toEqual(JSON.parse(text));
    const wide = JSON.stringify(Array.from({ length: 20_000 }, () => [{}]));
    expect(parseJson(wide, { maxDepth: 3 })).toHaveLength(20_000);
    expect(() => parseJson(wide, { maxDepth: 2 })).toThrow(refused('BODY_TOO_DEEP'));
  });

  it('gives what JSON.parse gives, or an error for the client', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.replace(/[0-9]/, '}')),
        ),
        (text) => {
          try {
            expect(parseJson(text, { allowScalars: true })).toEqual(JSON.parse(text));
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            expect(error.status).toBe(400);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('inspectBody', () => {
  it('takes values that somebody else has parsed', () => {
    expect(() => inspectBody({ a: [{ b: null }], c: undefined, d: new Date(0) })).not.toThrow();
    expect(() => inspectBody(JSON.parse('{"__proto__":1}'))).toThrow(refused('BODY_KEY_FORBIDDEN'));
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(() => inspectBody(circle)).toThrow(refused('BODY_TOO_DEEP'));
  });
});

describe('parseForm', () => {
  it('reads names as they stand, lists and objects', () => {
    expect(form('a=1&b=x+y&c=%C3%A4&d=&e')).toEqual({ a: '1', b: 'x y', c: 'ä', d: '', e: '' });
    expect(form('tag=a&tag=b&id[]=1&one[]=x')).toEqual({ tag: ['a', 'b'], id: ['1'], one: ['x'] });
    expect(form('items[0][sku]=a&items[0][n]=2&items[1][sku]=b')).toEqual({ items: [{ sku: 'a', n: '2' }, { sku: 'b' }] });
    expect(form('user[name]=Ada&user[roles][]=x&user[roles][]=y')).toEqual({ user: { name: 'Ada', roles: ['x', 'y'] } });
    expect(form('0=a&1=b')).toEqual({ 0: 'a', 1: 'b' });
    expect(form('')).toEqual({});
  });

  it('makes no list with holes in it, however large an index is', () => {
    expect(form('a[4294967294]=x')).toEqual({ a: { 4294967294: 'x' } });
    expect(form('a[1]=x')).toEqual({ a: { 1: 'x' } });
  });

  it('takes brackets that are no path as a part of the name', () => {
    expect(form('a]b[=1&[x]=2&a[b=3&a[b]c=4&a[[b]]=5')).toEqual({
      'a]b[': '1',
      '[x]': '2',
      'a[b': '3',
      'a[b]c': '4',
      'a[[b]]': '5',
    });
  });

  it('refuses keys that reach a prototype, too many fields, too deep ones, and what contradicts itself', () => {
    for (const text of [
      '__proto__=1',
      '__proto__[admin]=1',
      'a[__proto__][admin]=1',
      'a[constructor][prototype][x]=1',
      '%5f_proto__[x]=1',
    ]) {
      expect(() => form(text)).toThrow(refused('BODY_KEY_FORBIDDEN'));
    }
    expect(({} as { admin?: string }).admin).toBeUndefined();
    expect(() => form('a=1&'.repeat(1_001))).toThrow(refused('BODY_TOO_LARGE', 413));
    expect(() => form(`a${'[b]'.repeat(32)}=1`)).toThrow(refused('BODY_TOO_DEEP'));
    expect(() => form('a=1&a[b]=2')).toThrow(refused('BODY_MALFORMED'));
    expect(() => form('a[b]=2&a=1')).toThrow(refused('BODY_MALFORMED'));
    expect(() => form('a[]=1&a[b]=2')).toThrow(refused('BODY_MALFORMED'));
  });

  it('gives an object of strings, lists and objects, or an error for the client', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '[', ']', '0', '1', '__proto__', 'constructor', '%', '&', '=', '+') });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
        try {
          inspectBody(form(pairs.map(([key, value]) => `${key}=${value}`).join('&')));
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect([400, 413]).toContain(error.status);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('options', () => {
  it('that are none are an error that says which', () => {
    for (const options of [
      { maxBytes: '10 parsecs' },
      { maxBytes: 0 },
      { maxBytes: '2gb' },
      { limit: '1mb' },
      { maxDepth: 0 },
      { keepRaw: 1 },
      [],
    ]) {
      expect(() => jsonBody(options as never)).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
      expect(() => urlencodedBody(options as never)).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
    }
    for (const maxBytes of [1, '1b', '1.5kb', '100kb', '10MB', '1gb', '512'])
      expect(typeof jsonBody({ maxBytes })).toBe('function');
  });
});
