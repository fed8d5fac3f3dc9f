import { describe, expect, it } from 'vitest';
import { createCleaner } from './clean.ts';
import { createSecrets, REDACTED } from './secrets.ts';

const secrets = createSecrets({ keys: ['iban'], patterns: [/geheim-\d+/g], show: ['tokenType'] });
const cleaner = createCleaner(secrets, new Set(['level', 'requestId', 'message']));
const clean = (fields: object) => JSON.parse(JSON.stringify(cleaner.fields(fields as never)));

describe('names of secrets', () => {
  it('are known in every spelling, and as a part of a longer name', () => {
    const names = [
      'password',
      'PASSWORD',
      'userPassword',
      'x-api-key',
      'X_Api_Key',
      'refresh_token',
      'Set-Cookie',
      'authorization',
    ];
    const more = [
      'proxy-authorization',
      'clientSecret',
      'creditCard',
      'card_number',
      'cvv',
      'IBAN',
      'customerIban',
      'sessionId',
      'otp',
    ];
    expect([...names, ...more].filter((name) => !secrets.isSecretName(name))).toEqual([]);
  });

  it('are not found in harmless ones', () => {
    const names = [
      'author',
      'passenger',
      'pinned',
      'company',
      'cardinal',
      'maxTokens',
      'prompt_tokens',
      'tokenType',
      'discard',
      'span',
    ];
    expect(names.filter((name) => secrets.isSecretName(name))).toEqual([]);
  });
});

describe('a text that is made to be dear', () => {
  // 160,000 characters; where the time grows with the square of that, each takes ten seconds and more.
  it.each(['-eyJ', 'eyJaaaaaaaa-', 'eyJaaaaaaaa.', '4111-1111-', 'a://b:', 'bearer ', 'secret="', '://:'])(
    '%s again and again: is looked through in a moment',
    (piece) => {
      const text = piece.repeat(160_000 / piece.length);
      const beganAt = performance.now();
      expect(secrets.mask(text)).toBeTypeOf('string');
      expect(performance.now() - beganAt).toBeLessThan(1_000);
    },
  );
});

describe('secrets in texts', () => {
  it('are taken out, and the text around them stays', () => {
    const of = (text: string) => secrets.mask(text);
    expect(of('paid with 4111 1111 1111 1111 today')).toBe(`paid with ${REDACTED} today`);
    expect(of('5555-5555-5555-4444, 378282246310005')).toBe(`${REDACTED}, ${REDACTED}`);
    expect(of('Authorization: Bearer abcdefghijk.lmn')).toBe(`Authorization: Bearer ${REDACTED}`);
    expect(of('postgres://app:hunter2@db:5432/shop')).toBe(`postgres://app:${REDACTED}@db:5432/shop`);
    expect(of('jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ok')).toBe(`jwt ${REDACTED} ok`);
    expect(of('eyJ-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln')).toBe(REDACTED);
    expect(of('a.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln, eyJ is how they begin')).toBe(`a.${REDACTED}, eyJ is how they begin`);
    expect(of('POST /login?password=hunter2&x=1')).toBe(`POST /login?password=${REDACTED}&x=1`);
    expect(of('body {"user":"a","password":"hunter2"}')).toBe(`body {"user":"a","password":"${REDACTED}"}`);
    expect(of('known as geheim-123')).toBe(`known as ${REDACTED}`);
  });

  it('are not seen in numbers that only look like them', () => {
    const texts = [
      '1700000000000',
      '4111111111111112',
      'order 4111-1111-1111',
      '0f5ad6b2-4111-1111-1111-111111111111',
      '12345678901234567890',
    ];
    expect(texts.map((text) => secrets.mask(text))).toEqual(texts);
  });

  it('takes no longer than the text is long', () => {
    const hostile = [
      '4111 '.repeat(4_000),
      'eyJ'.repeat(6_000),
      'a://'.repeat(4_000),
      'bearer '.repeat(3_000),
      'password='.repeat(2_000),
      '"token":'.repeat(2_000),
    ];
    const startedAt = performance.now();
    for (const text of hostile) secrets.mask(text);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('fields of a line', () => {
  it('lose their secrets at any depth, whatever holds them', () => {
    const hidden = clean({
      user: { name: 'a', credentials: { password: 'p' } },
      list: [{ token: 't' }, 'Bearer abcdefghijkl'],
      map: new Map<string, unknown>([
        ['cookie', 'c'],
        ['n', 1],
      ]),
      json: { toJSON: () => ({ secret: 's', ok: 1 }) },
      card: 4_111_111_111_111_111,
      number: 4_111_111_111_111_111,
      none: { password: null, token: undefined, hasPassword: true },
    });
    expect(hidden).toEqual({
      user: { name: 'a', credentials: REDACTED },
      list: [{ token: REDACTED }, `Bearer ${REDACTED}`],
      map: { cookie: REDACTED, n: 1 },
      json: { secret: REDACTED, ok: 1 },
      card: REDACTED,
      number: REDACTED,
      none: { password: null, hasPassword: true },
    });
  });

  it('lose them in errors too: in what a library hangs on one, in its message, in its causes', () => {
    const cause = Object.assign(new Error('to postgres://u:p4ss@db failed'), {
      config: { headers: { Authorization: 'Basic abc' } },
    });
    const { error } = clean({ error: new TypeError('no', { cause }) });
    expect(error).toMatchObject({
      type: 'TypeError',
      message: 'no',
      cause: { message: `to postgres://u:${REDACTED}@db failed` },
    });
    expect(error.cause.config.headers.Authorization).toBe(REDACTED);
    expect(JSON.stringify(error)).not.toContain('p4ss');
  });

  it('are the same object where nothing is to be taken out, and never changed', () => {
    const fields = { a: 1, b: { c: ['d'] }, e: null };
    expect(cleaner.fields(fields)).toBe(fields);
    const secret = { password: 'p', b: { token: 't' } };
    cleaner.fields(secret);
    expect(secret).toEqual({ password: 'p', b: { token: 't' } });
  });

  it('cannot stand in the place of what the line says itself', () => {
    expect(clean(JSON.parse('{"level":"error","requestId":"x","__proto__":{"a":1},"b":{"level":2}}'))).toEqual({
      level_: 'error',
      requestId_: 'x',
      ['__proto__']: { a: 1 },
      b: { level: 2 },
    });
  });

  it('end: cycles, depth, length, and what throws when it is read', () => {
    const circle: Record<string, unknown> = { n: 1 };
    circle.self = circle;
    expect(clean({ circle })).toEqual({ circle: { n: 1, self: '[circular]' } });
    let deep: object = {};
    for (let i = 0; i < 50; i++) deep = { deep };
    expect(JSON.stringify(clean({ deep }))).toContain('[deeper]');
    expect(clean({ list: Array.from({ length: 1_000 }, (_, i) => i) }).list).toHaveLength(201);
    expect(clean({ text: 'x'.repeat(100_000) }).text).toHaveLength(16_384 + '… (100000 characters)'.length);
    expect(clean(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i])))['…']).toBe('more');
    expect(clean({ big: 12n, bytes: Buffer.from('secret'), call: () => 1, set: new Set([1]), at: new Date(0) })).toEqual({
      big: '12',
      bytes: '[6 bytes]',
      set: [1],
      at: '1970-01-01T00:00:00.000Z',
    });
  });
});
