import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createResponseChecker } from './check-response.ts';
import { resolveContractOptions } from './contract-options.ts';
import type { ResponseCheck } from './definition.ts';
import { type AnyRoute, route } from './route.ts';
import { serveRoute } from './served-route.ts';

const User = z.object({ id: z.number(), name: z.string().optional(), since: z.date().optional() });
async function check(data: unknown, schema: z.ZodType = User, how: 'always' | 'outside-production' = 'outside-production') {
  return createResponseChecker(schema, how, 'The answer of getUser')(data);
}

describe('an answer is held against its schema', () => {
  it('what is right is sent as it is', async () => {
    const data = { id: 1, since: new Date(0), name: undefined };
    expect(await check(data)).toBe(data);
  });

  const wrong: readonly (readonly [string, unknown, z.ZodType, RegExp])[] = [
    ['a field of another type', { id: 'x' }, User, /at id: /],
    ['a field that is missing', {}, User, /at id: /],
    ['nothing', undefined, User, /at the whole: /],
    ['several', [{ id: 1 }, { id: 'a' }, { id: 'b' }], z.array(User), /at 1\.id: .*and 1 more/],
    [
      'what the schema drops',
      { id: 1, hash: 'secret' },
      User,
      /the schema drops hash\. Production sends what the handler returned/,
    ],
    ['what it drops further in', { users: [{ id: 1, hash: 'x' }] }, z.object({ users: z.array(User) }), /drops users\.0\.hash/],
    ['what it adds', {}, z.object({ a: z.number().default(1) }), /the schema adds a/],
    ['what it changes', { a: ' b' }, z.object({ a: z.string().trim() }), /the schema changes a/],
  ];
  it.each(wrong)('%s', async (_what, data, schema, why) => {
    const error: unknown = await check(data, schema).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'HTTP_RESPONSE_INVALID', status: 500, expose: false });
    expect((error as Error).message).toMatch(/^The answer of getUser is not what its schema says: /);
    expect((error as Error).message).toMatch(why);
    expect((error as Error).message).not.toContain('secret');
  });

  it('always: what is sent is what the schema made of it', async () => {
    expect(await check({ id: 1, hash: 'secret' }, User, 'always')).toEqual({ id: 1 });
  });
});

describe('in production', () => {
  afterEach(() => vi.unstubAllEnvs());

  async function sent(one: AnyRoute, checkResponse?: ResponseCheck): Promise<unknown> {
    const served = serveRoute('getUser', one, resolveContractOptions('x', { checkResponse }));
    const answer = await served.answer({ url: '/', headers: {} } as never, {} as never, {});
    return JSON.parse(String(answer?.body));
  }

  let judged = 0;
  const schema = z.object({ id: z.number().refine(() => ++judged) });
  const one = route({ method: 'GET', path: '/', response: schema }, () => ({ id: 1, extra: 2 }));
  const guarded = route({ method: 'GET', path: '/', response: schema, checkResponse: 'always' }, () => ({ id: 1, extra: 2 }));

  it('nothing is paid, and nothing is changed, unless it is asked for', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    judged = 0;
    expect(await sent(one)).toEqual({ id: 1, extra: 2 });
    expect(judged).toBe(0);
    expect(await sent(one, 'always')).toEqual({ id: 1 });
    expect(await sent(guarded)).toEqual({ id: 1 });
    expect(judged).toBe(2);
  });

  it('outside of it the check can be switched off', async () => {
    await expect(sent(one)).rejects.toThrow(/drops extra/);
    expect(await sent(one, 'never')).toEqual({ id: 1, extra: 2 });
  });

  it('the data of a declared error is held against its schema as well', async () => {
    const declared = (data: unknown) =>
      route({ method: 'GET', path: '/', errors: { GONE: { status: 410, data: z.object({ id: z.number() }) } } }, ({ errors }) => {
        throw errors.GONE(data as { id: number });
      });
    await expect(sent(declared({ id: 1 }))).rejects.toMatchObject({
      code: 'GONE',
      status: 410,
      data: { id: 1 },
      message: 'Gone',
    });
    await expect(sent(declared({ id: 'x' }))).rejects.toThrow(/The data of GONE of getUser is not what its schema says: at id/);
  });
});
