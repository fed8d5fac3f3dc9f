import type { IncomingMessage, ServerResponse } from 'node:http';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FieldProblem, ValidationError } from '../app-errors.ts';
import { libraries } from './libraries.test-support.ts';
import type { ValidationOptions } from './options.ts';
import type { Schema } from './schema.ts';
import { type RequestSchemas, validate } from './validate.ts';

type Parts = { params?: unknown; query?: unknown; body?: unknown; headers?: unknown };

/** Runs the middleware; answers what it said to `next`, and the request. */
async function run(schemas: RequestSchemas, parts: Parts, options?: ValidationOptions): Promise<{ error: unknown; req: Parts }> {
  const req: Parts = { ...parts };
  const error = await new Promise((resolve) => {
    validate(schemas, options)(req as unknown as IncomingMessage & Parts as never, {} as ServerResponse, resolve);
  });
  return { error, req };
}

async function problems(schemas: RequestSchemas, parts: Parts, options?: ValidationOptions): Promise<unknown> {
  const { error } = await run(schemas, parts, options);
  expect(error).toMatchObject({ status: 400, code: 'VALIDATION_FAILED', isOperational: true });
  return (error as ValidationError).errors;
}

let judged = 0;

describe.each(libraries)('$name', ({ person, query, transforming, strict, asynchronous, tells, unknownKeys }) => {
  // What a library does not have is not expected of it, and not counted as skipped.
  const when = (has: boolean) => (has ? it : (_name: string, _test: () => unknown) => {});
  const whereTold = when(tells);
  const whereNotTold = when(!tells);
  const whereAsynchronous = when(asynchronous !== undefined);

  it('P6: lets through what is right, and replaces the parts by what the schema made of them', async () => {
    const { error, req } = await run(
      { body: person, params: transforming },
      { body: { name: 'Ada', age: 36 }, params: { id: 'four' } },
    );
    expect(error).toBeUndefined();
    expect(req).toEqual({ body: { name: 'Ada', age: 36 }, params: { id: 4 } });
    judged += 1;
  });

  it('P6: says of each field what is wrong, all parts at once', async () => {
    const body = { name: 5, age: -1, tags: ['a', 7], address: {} };
    const found = (await problems({ body: person, params: transforming }, { body, params: {} })) as FieldProblem[];
    expect(found.every((each) => each.message.length > 0)).toBe(true);
    expect(found[0]).toMatchObject({ field: 'id', in: 'params' });
    expect(
      found
        .slice(1)
        .map((each) => `${each.in} ${each.field}`)
        .sort(),
    ).toEqual(['body address.city', 'body age', 'body name', 'body tags.1']);
  });

  it('what is no object is a problem of the whole', async () => {
    for (const body of [undefined, null, 'text', 7, []]) {
      const found = (await problems({ body: person }, { body })) as { field: string }[];
      expect(found.length, String(body)).toBeGreaterThan(0);
    }
  });

  whereTold('texts of a query become what the schema takes', async () => {
    const given = { page: '-2.5e1', flag: 'false', tag: 'a', ids: ['1', '2'], text: '7' };
    const { error, req } = await run({ query }, { query: given });
    expect(error).toBeUndefined();
    expect(req.query).toEqual({ page: -25, flag: false, tag: ['a'], ids: [1, 2], text: '7' });
  });

  whereTold('a text that is no number is left for the schema to refuse', async () => {
    for (const page of ['', ' 1', '0x10', '1e999', '007', '9007199254740993', 'NaN', 'true', ['1', '2'], {}]) {
      expect(await problems({ query }, { query: { page } }), JSON.stringify(page)).toEqual([
        expect.objectContaining({ field: 'page', in: 'query' }),
      ]);
    }
  });

  it('a body is never coerced', async () => {
    expect(await problems({ body: query }, { body: { page: '1' } })).toEqual([
      expect.objectContaining({ field: 'page', in: 'body' }),
    ]);
  });

  it('coercion can be switched off', async () => {
    expect(await problems({ query }, { query: { page: '1' } }, { coerce: false })).toEqual([
      expect.objectContaining({ field: 'page' }),
    ]);
  });

  it('unknown keys: as the schema does, when nobody says', async () => {
    const { req } = await run({ body: person }, { body: { name: 'a', age: 1, extra: 2 } });
    expect(req.body).toEqual({ name: 'a', age: 1, ...(unknownKeys === 'keep' && { extra: 2 }) });
    expect(await problems({ body: strict }, { body: { name: 'a', extra: 2 } })).toHaveLength(1);
  });

  whereTold('unknown keys: stripped, refused or kept by choice', async () => {
    const body = { name: 'a', age: 1, extra: 2, address: { city: 'b', zip: 3 } };
    const stripped = await run({ body: person }, { body }, { unknownKeys: 'strip' });
    expect(stripped.req.body).toEqual({ name: 'a', age: 1, address: { city: 'b' } });
    expect(body).toHaveProperty('extra');
    expect(await problems({ body: person }, { body }, { unknownKeys: 'refuse' })).toEqual([
      { field: 'extra', message: 'Unknown key', in: 'body' },
      { field: 'address.zip', message: 'Unknown key', in: 'body' },
    ]);
    const kept = await run({ body: person }, { body }, { unknownKeys: 'keep' });
    expect(kept.req.body).toEqual({ name: 'a', age: 1, extra: 2, address: { city: 'b' } });
    const strictKept = await run({ body: strict }, { body: { name: 'a', extra: 2 } }, { unknownKeys: 'keep' });
    expect(strictKept.req.body).toEqual({ name: 'a', extra: 2 });
  });

  whereNotTold('unknown keys by choice are an error at start where the library does not tell its keys', () => {
    expect(() => validate({ body: person }, { unknownKeys: 'refuse' })).toThrow(/HTTP_SCHEMA_INVALID|Standard JSON Schema/);
  });

  whereAsynchronous('asynchronous schemas are waited for', async () => {
    const schema = asynchronous as Schema;
    expect((await run({ body: schema }, { body: { name: 'free' } })).error).toBeUndefined();
    expect(await problems({ body: schema, params: transforming }, { body: { name: 'taken' }, params: {} })).toEqual([
      expect.objectContaining({ in: 'params' }),
      { field: 'name', message: 'is taken', in: 'body' },
    ]);
  });
});

it('the suite looked at three libraries', () => {
  expect(judged).toBe(3);
});

describe('whatever the library', () => {
  const any = z.any();

  it('a key that would reach a prototype is refused, at any depth', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const body = JSON.parse(`{"a":[{"${key}":{"isAdmin":true}}]}`);
      expect(await problems({ body: any }, { body })).toEqual([
        { field: 'a.0', message: `The key "${key}" is not allowed`, in: 'body' },
      ]);
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('depth and size are bounded before the schema sees anything', async () => {
    let seen = 0;
    const validate = (value: unknown) => {
      seen += 1;
      return { value };
    };
    const counting: Schema = { '~standard': { version: 1, vendor: 'test', validate } };
    const deep = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000));
    expect(await problems({ body: counting }, { body: deep })).toEqual([
      expect.objectContaining({ message: 'Nested deeper than 32 levels' }),
    ]);
    const wide = { list: new Array(200_000).fill(0) };
    expect(await problems({ body: counting }, { body: wide })).toEqual([
      { field: '', message: 'Holds more than 100000 values', in: 'body' },
    ]);
    expect(await problems({ body: counting }, { body: { a: { b: 1 } } }, { maxDepth: 1 })).toHaveLength(1);
    expect(await problems({ body: counting }, { body: [1, 2, 3] }, { maxValues: 2 })).toHaveLength(1);
    expect(seen).toBe(0);
    expect((await run({ body: counting }, { body: [1, 2] }, { maxValues: 2, maxDepth: 1 })).error).toBeUndefined();
    expect(seen).toBe(1);
  });

  it('a schema that breaks is a defect, and the others are still heard without a rejection that nobody sees', async () => {
    const standard = (validate: () => unknown): Schema => ({
      '~standard': { version: 1, vendor: 'test', validate: validate as never },
    });
    const throwing = standard(() => {
      throw new Error('bug');
    });
    const rejecting = standard(() => Promise.reject(new Error('bug')));
    const silent = standard(() => undefined);
    for (const body of [throwing, rejecting, silent]) {
      const { error } = await run({ params: rejecting, body }, {});
      expect(error).toMatchObject({ code: 'HTTP_SCHEMA_FAILED', status: 500, expose: false });
    }
    const without = standard(() => ({ issues: [] }));
    expect(await problems({ body: without }, {})).toEqual([{ field: '', message: 'Not valid', in: 'body' }]);
  });

  it('a thousand problems are told up to a hundred, and long names are cut', async () => {
    const many = await problems({ body: z.array(z.string()) }, { body: new Array(1_000).fill(1) });
    expect(many).toHaveLength(100);
    const name = 'x'.repeat(5_000);
    const [one] = (await problems({ body: z.record(z.string(), z.number()) }, { body: { [name]: 'a' } })) as { field: string }[];
    expect(one?.field.length).toBeLessThan(300);
  });

  it('headers are judged, and left as they are', async () => {
    const headers = { 'x-tenant': 'a', accept: '*/*' };
    const schema = z.object({ 'x-tenant': z.string() });
    expect((await run({ headers: schema }, { headers })).req.headers).toBe(headers);
    expect(await problems({ headers: schema }, { headers: {} })).toEqual([
      expect.objectContaining({ field: 'x-tenant', in: 'headers' }),
    ]);
  });

  it('z.coerce sees the number, false is false, and a Date among the fields hides nothing of the others', async () => {
    const query = z.object({
      a: z.coerce.number(),
      b: z.coerce.boolean(),
      c: z.coerce.date(),
      d: z.number().nullable(),
      e: z.literal([1, 2]),
    });
    const { req, error } = await run({ query }, { query: { a: '007', b: 'false', c: '2026-01-01', d: '3', e: '2' } });
    expect(error).toBeUndefined();
    expect(req.query).toEqual({ a: 7, b: false, c: new Date('2026-01-01'), d: 3, e: 2 });
  });

  const Id = z.number().meta({ id: 'Id' });
  const Tree = z
    .object({
      id: Id,
      get children() {
        return z.array(Tree).optional();
      },
    })
    .meta({ id: 'Tree' });

  it('what a schema takes is known where its parts have names, may be null, or are put together', async () => {
    const query = z.object({ a: Id, b: z.array(Id).meta({ id: 'Ids' }).nullable(), c: z.boolean().nullable().optional() });
    const given = { a: '7', b: '8', c: 'true' };
    for (const schema of [query, query.meta({ id: 'Query' })])
      expect((await run({ query: schema }, { query: given })).req.query).toEqual({ a: 7, b: [8], c: true });
    const both = toStandardJsonSchema(v.intersect([v.object({ a: v.number() }), v.object({ b: v.array(v.number()) })]));
    expect((await run({ query: both }, { query: { a: '7', b: '8' } })).req.query).toEqual({ a: 7, b: [8] });
    const narrowed = type({ a: 'number', 'b?': type('string').narrow((text) => text.length > 1) });
    expect((await run({ query: narrowed }, { query: { a: '7', b: 'bc' } })).req.query).toEqual({ a: 7, b: 'bc' });
    expect((await run({ query: Tree }, { query: { id: '7' } })).req.query).toEqual({ id: 7 });
  });

  it('unknown keys are found where the parts of a schema have names, may be null, or are put together', async () => {
    const Item = z.object({ sku: z.string() }).meta({ id: 'Item' });
    const order = z.object({ item: Item, gift: z.object({ to: z.string() }).nullable() }).meta({ id: 'Order' });
    const body = { item: { sku: 'a', price: 0 }, gift: { to: 'b', from: 'c' }, isPaid: true };
    expect(await problems({ body: order }, { body }, { unknownKeys: 'refuse' })).toEqual(
      ['item.price', 'gift.from', 'isPaid'].map((field) => ({ field, message: 'Unknown key', in: 'body' })),
    );
    const tree = { id: 1, children: [{ id: 2, children: [{ id: 3, isRoot: true }] }] };
    expect(await problems({ body: Tree }, { body: tree }, { unknownKeys: 'refuse' })).toEqual([
      expect.objectContaining({ field: 'children.0.children.0.isRoot' }),
    ]);
    const both = toStandardJsonSchema(
      v.intersect([v.object({ a: v.number(), in: v.object({ b: v.number() }) }), v.object({ in: v.object({ c: v.number() }) })]),
    );
    const right = { a: 1, in: { b: 2, c: 3 } };
    expect((await run({ body: both }, { body: right }, { unknownKeys: 'refuse' })).error).toBeUndefined();
    expect(
      await problems({ body: both }, { body: { ...right, in: { b: 2, c: 3, d: 4 } } }, { unknownKeys: 'refuse' }),
    ).toHaveLength(1);
  });

  it('objects that say that they take any key, and unions, are left to their word', async () => {
    const body = { name: 'a', inner: { b: 1 } };
    const schema = z.object({ name: z.string(), inner: z.looseObject({}) });
    const union = z.union([z.looseObject({ name: z.number() }), z.looseObject({ name: z.string() })]);
    for (const unknownKeys of ['strip', 'refuse', 'keep'] as const) {
      expect((await run({ body: schema }, { body }, { unknownKeys })).req.body).toEqual(body);
      expect((await run({ body: union }, { body }, { unknownKeys })).req.body).toEqual(body);
    }
  });

  it('misuse is an error at start that says so', () => {
    const code = (start: () => unknown) => {
      try {
        start();
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    expect(code(() => validate({ body: { type: 'object' } as never }))).toMatch(
      /^HTTP_SCHEMA_INVALID: "body" of validate\(\) got \{"type":"object"\}.*Standard Schema/,
    );
    expect(code(() => validate({ body: String as never }))).toMatch(/^HTTP_SCHEMA_INVALID.*a function "String"/);
    expect(code(() => validate({ bdy: any } as never))).toMatch(/^HTTP_SCHEMA_INVALID.*"bdy"/);
    expect(code(() => validate({}))).toMatch(/^HTTP_SCHEMA_INVALID.*at least one/);
    expect(code(() => validate(undefined as never))).toMatch(/^HTTP_SCHEMA_INVALID/);
    expect(code(() => validate({ body: any }, { maxDepth: 0 }))).toMatch(/^HTTP_OPTION_INVALID: Option "maxDepth"/);
    expect(code(() => validate({ body: any }, { unknownKeys: 'drop' as never }))).toMatch(
      /^HTTP_OPTION_INVALID: Option "unknownKeys"/,
    );
    expect(code(() => validate({ body: any }, { strict: true } as never))).toMatch(
      /^HTTP_OPTION_INVALID: Unknown option "strict"/,
    );
  });
});
