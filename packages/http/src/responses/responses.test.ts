import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiResponse } from './api-response.ts';
import { etagOf } from './conditional.ts';
import { createCursors } from './cursors.ts';
import { parseHttpDate } from './http-date.ts';
import { cursorLink, pageLinks } from './page-links.ts';
import { pageOf } from './page-of.ts';
import { evaluatePreconditions } from './preconditions.ts';

const invalid = (field: string) => expect.objectContaining({ status: 400, errors: [expect.objectContaining({ field })] });
const misuse = expect.objectContaining({ code: 'HTTP_OPTION_INVALID' });

describe('ApiResponse', () => {
  it('success, error and paginated are plain values of one shape', () => {
    expect(ApiResponse.success({ id: 1 })).toEqual({ status: 'success', message: 'Success', data: { id: 1 } });
    expect(ApiResponse.success(null, 'Deleted')).toEqual({ status: 'success', message: 'Deleted', data: null });
    expect(ApiResponse.error('Taken', { code: 'CONFLICT', requestId: 'a' })).toEqual({
      status: 'error',
      message: 'Taken',
      code: 'CONFLICT',
      requestId: 'a',
    });
    expect(ApiResponse.error('No')).toEqual({ status: 'error', message: 'No' });
    expect(ApiResponse.paginated(['a'], { page: 2, limit: 10, total: 11 })).toEqual({
      status: 'success',
      message: 'Success',
      data: ['a'],
      pagination: { page: 2, limit: 10, total: 11, pages: 2 },
    });
    expect(ApiResponse.paginated([], { page: 1, limit: 10, total: 0 }).pagination.pages).toBe(0);
  });
});

describe('pageOf', () => {
  it('reads page and limit, within their bounds', () => {
    expect(pageOf({})).toEqual({ page: 1, limit: 20, offset: 0 });
    expect(pageOf({ page: '3', limit: '50' })).toEqual({ page: 3, limit: 50, offset: 100 });
    expect(pageOf({ page: 2, limit: '' }, { defaultLimit: 5 })).toEqual({ page: 2, limit: 5, offset: 5 });
    expect(pageOf(undefined, { maxLimit: 10 }).limit).toBe(10);
    expect(pageOf(Object.create({ page: '9' })).page).toBe(1);
  });

  it('refuses everything else, and says both at once', () => {
    for (const page of ['0', '-1', '1.5', '1e3', ' 1', 'x', '10001', '99999999999', ['1'], { a: 1 }, Number.NaN]) {
      expect(() => pageOf({ page })).toThrow(invalid('page'));
    }
    expect(() => pageOf({ limit: '101' })).toThrow(invalid('limit'));
    expect(() => pageOf({ page: 'x', limit: 'y' })).toThrow(
      expect.objectContaining({
        errors: [{ field: 'page', message: 'must be a whole number from 1 to 10000' }, expect.anything()],
      }),
    );
    expect(() => pageOf({}, { maxLimt: 5 } as never)).toThrow(misuse);
  });
});

describe('cursors', () => {
  const secret = 'a-secret-of-thirty-two-characters';
  const cursors = createCursors<{ id: number }>({ secret, scope: 'orders' });

  it('go out with a page and come back as the place behind it', () => {
    const items = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const page = cursors.page(items, 2, ({ id }) => ({ id }));
    expect(page).toMatchObject({
      status: 'success',
      data: [{ id: 1 }, { id: 2 }],
      pagination: { limit: 2, next: expect.any(String) },
    });
    expect(cursors.read({ cursor: page.pagination.next, limit: '2' })).toEqual({ after: { id: 2 }, limit: 2 });
    expect(cursors.read({})).toEqual({ after: undefined, limit: 20 });
    expect(cursors.page(items, 3, ({ id }) => ({ id })).pagination.next).toBeNull();
    expect(cursors.page([], 3, () => ({ id: 0 })).pagination.next).toBeNull();
  });

  it('that were changed, made by others, of another list or made up are refused', () => {
    const cursor = cursors.encode({ id: 2 });
    const [payload, tag] = cursor.split('.') as [string, string];
    const forged = `${Buffer.from('{"id":999}').toString('base64url')}.${tag}`;
    const other = createCursors<{ id: number }>({ secret: 'another-secret-of-thirty-two-chars', scope: 'orders' }).encode({
      id: 2,
    });
    const list = createCursors<{ id: number }>({ secret, scope: 'users' }).encode({ id: 2 });
    for (const bad of [
      forged,
      other,
      list,
      payload,
      `${cursor}.x`,
      `.${tag}`,
      'x',
      ['a'],
      { a: 1 },
      'x'.repeat(5_000),
      `${payload}.`,
    ]) {
      expect(() => cursors.read({ cursor: bad })).toThrow(invalid('cursor'));
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => cursors.decode(text)).toThrow(invalid('cursor'));
      }),
    );
  });

  it('have one text each, whatever a decoder would take for the same', () => {
    const cursor = cursors.encode({ id: 2 });
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/='];
    const others = [
      ...letters.map((letter) => cursor.slice(0, -1) + letter),
      `${cursor}=`,
      `${cursor}!`,
      cursor.replace('.', '. '),
    ];
    for (const other of others.filter((each) => each !== cursor))
      expect(() => cursors.decode(other), other).toThrow(invalid('cursor'));
  });

  it('that nobody could send back are not given out', () => {
    const texts = createCursors<string | undefined>({ secret, scope: 'orders' });
    const longest = 'x'.repeat(1_516);
    expect(texts.decode(texts.encode(longest))).toBe(longest);
    for (const position of [`${longest}xxx`, undefined])
      expect(() => texts.encode(position)).toThrow(expect.objectContaining({ code: 'HTTP_RESPONSE_INVALID', status: 500 }));
  });

  it('a secret can be exchanged, and a weak one is refused without being repeated', () => {
    const rotated = createCursors<{ id: number }>({ secret: ['another-secret-of-thirty-two-chars', secret], scope: 'orders' });
    expect(rotated.decode(cursors.encode({ id: 2 }))).toEqual({ id: 2 });
    expect(() => cursors.decode(rotated.encode({ id: 2 }))).toThrow(invalid('cursor'));
    expect(() => createCursors({ secret: 'weak-one', scope: 'a' })).toThrow(misuse);
    expect(() => createCursors({ secret: 'weak-one', scope: 'a' })).not.toThrow(/weak-one/);
    expect(() => createCursors({ scope: 'a' } as never)).toThrow(misuse);
    expect(() => createCursors({ secret } as never)).toThrow(misuse);
  });
});

describe('links to other pages', () => {
  const req = (url: string) => ({ originalUrl: url }) as never;

  it('keep the rest of the query', () => {
    expect(pageLinks(req('/orders?state=paid&page=2&limit=10'), { page: 2, limit: 10, total: 35, pages: 4 })).toBe(
      '</orders?state=paid&page=1&limit=10>; rel="first", </orders?state=paid&page=1&limit=10>; rel="prev", ' +
        '</orders?state=paid&page=3&limit=10>; rel="next", </orders?state=paid&page=4&limit=10>; rel="last"',
    );
    expect(pageLinks(req('/orders'), { page: 1, limit: 10, total: 0, pages: 0 })).toBe(
      '</orders?page=1&limit=10>; rel="first", </orders?page=1&limit=10>; rel="last"',
    );
    expect(cursorLink(req('/orders?cursor=a'), { limit: 10, next: 'b.c' })).toBe('</orders?cursor=b.c&limit=10>; rel="next"');
    expect(cursorLink(req('/orders'), { limit: 10, next: null })).toBeUndefined();
  });

  it('cannot be made to lead elsewhere, or to end early', () => {
    for (const url of ['//evil.example/x', '/a>; rel="x"', '/a"<b', '/ä', '/?a=>,<x', '\\\\evil', '/\\evil.example/x']) {
      const link = cursorLink(req(url), { limit: 1, next: 'n' }) as string;
      expect(link).toMatch(/^<\/(?!\/)[^<>"\\]*\?[^<>"]*>; rel="next"$/);
      expect(new URL(link.slice(1), 'http://ours.example').host).toBe('ours.example');
    }
  });
});

describe('preconditions', () => {
  const at = new Date('2026-01-31T12:00:00.500Z');
  const same = 'Sat, 31 Jan 2026 12:00:00 GMT';
  const before = 'Sat, 31 Jan 2026 11:59:59 GMT';
  const now = { etag: '"1"', lastModified: at };
  const of = (headers: IncomingHttpHeaders, method = 'GET', validators: object = now) =>
    evaluatePreconditions(method, headers, validators);

  it('If-None-Match: compared weakly; a read is not modified, a write fails', () => {
    for (const field of ['"1"', 'W/"1"', '"0", "1"', '"a,b","1"', '*']) {
      expect(of({ 'if-none-match': field })).toBe('not modified');
      expect(of({ 'if-none-match': field }, 'HEAD')).toBe('not modified');
      expect(of({ 'if-none-match': field }, 'PUT')).toBe('failed');
    }
    for (const field of ['"2"', '1', '', '"', '"a,"1'] as const) expect(of({ 'if-none-match': field })).toBe('proceed');
    expect(of({ 'if-none-match': '*' }, 'PUT', { exists: false })).toBe('proceed');
  });

  it('If-Match: compared strongly', () => {
    expect(of({ 'if-match': '"1"' }, 'PUT')).toBe('proceed');
    expect(of({ 'if-match': '*' }, 'PUT')).toBe('proceed');
    expect(of({ 'if-match': '"2"' }, 'PUT')).toBe('failed');
    expect(of({ 'if-match': 'W/"1"' }, 'PUT')).toBe('failed');
    expect(of({ 'if-match': 'W/"1"' }, 'PUT', { etag: 'W/"1"' })).toBe('failed');
    expect(of({ 'if-match': '*' }, 'PUT', { exists: false })).toBe('failed');
    expect(of({ 'if-match': '"1"' }, 'PUT', {})).toBe('failed');
  });

  it('dates count to the second, and only where there is no etag condition', () => {
    expect(of({ 'if-modified-since': same })).toBe('not modified');
    expect(of({ 'if-modified-since': before })).toBe('proceed');
    expect(of({ 'if-modified-since': 'yesterday' })).toBe('proceed');
    expect(of({ 'if-modified-since': same }, 'PUT')).toBe('proceed');
    expect(of({ 'if-unmodified-since': same }, 'PUT')).toBe('proceed');
    expect(of({ 'if-unmodified-since': before }, 'PUT')).toBe('failed');
    expect(of({ 'if-none-match': '"2"', 'if-modified-since': same })).toBe('proceed');
    expect(of({ 'if-match': '"1"', 'if-unmodified-since': before }, 'PUT')).toBe('proceed');
  });

  it('dates are those of HTTP, in its three forms, and nothing else', () => {
    const modified = { lastModified: new Date('1994-11-06T08:49:37Z') };
    const since = (field: string) => of({ 'if-modified-since': field }, 'GET', modified);
    for (const field of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])
      expect(since(field), field).toBe('not modified');
    // A second before, and in the century before.
    for (const field of ['Sun, 06 Nov 1994 08:49:36 GMT', 'Sunday, 06-Nov-94 08:49:36 GMT', 'Sun Nov  6 08:49:36 1994'])
      expect(since(field), field).toBe('proceed');
    for (const field of [
      '2030',
      '5',
      'Sun, 06 Nov 2033 08:49:37 +0200',
      'Thu, 31 Feb 2033 00:00:00 GMT',
      'Sun Nov 6 08:49:37 2033',
    ])
      expect(since(field), field).toBe('proceed');
    expect(of({ 'if-unmodified-since': '5' }, 'PUT', modified)).toBe('proceed');
  });

  it('a year of two digits is no more than fifty years ahead', () => {
    const nowMs = Date.UTC(2026, 0, 1);
    expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', nowMs)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37) / 1_000);
    expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', nowMs)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37) / 1_000);
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', nowMs)).toBe(Date.UTC(2016, 11, 31, 23, 59, 59) / 1_000);
    expect(parseHttpDate('Sat, 01 Jan 0001 00:00:00 GMT', nowMs)).toBe(-62_135_596_800);
  });

  it('If-Match comes before If-None-Match', () => {
    expect(of({ 'if-match': '"2"', 'if-none-match': '"1"' })).toBe('failed');
    expect(of({ 'if-match': '"1"', 'if-none-match': '"1"' })).toBe('not modified');
  });

  it('etags are of the content, and weak where that is said', () => {
    expect(etagOf('a')).toMatch(/^"[\w-]{27}"$/);
    expect(etagOf(7)).toBe(etagOf('7'));
    expect(etagOf(Buffer.from('a'), { isWeak: true })).toBe(`W/${etagOf('a')}`);
    expect(etagOf('a')).not.toBe(etagOf('b'));
  });

  it('are read, whatever a client sends', () => {
    const field = fc.oneof(fc.string(), fc.constantFrom('*', '"1"', 'W/"1"', same));
    const names = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
    fc.assert(
      fc.property(fc.record(Object.fromEntries(names.map((name) => [name, field])), { requiredKeys: [] }), (headers) => {
        expect(['proceed', 'not modified', 'failed']).toContain(of(headers as IncomingHttpHeaders));
      }),
    );
  });
});
