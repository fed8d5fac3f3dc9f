import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyRoute, markSecurity, openApi, route, validate } from '../index.ts';
import type { OpenApiDocument } from './document.ts';
import { expectValid } from './valid-document.test-support.ts';

const NAMED = z.object({ id: z.number(), note: z.string().default('') }).meta({ id: 'Named' });
const RECURSIVE: z.ZodType = z.object({
  value: z.unknown(),
  get inner() {
    return RECURSIVE.optional();
  },
});

/** Schemas of JSON and such as have no word in it. */
const schema = fc.letrec<{ any: z.ZodType; object: z.ZodType }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<z.ZodType>(
      z.string(),
      z.int(),
      z.boolean(),
      z.null(),
      z.email(),
      z.enum(['a', 'b']),
      z.literal(7),
      NAMED,
      RECURSIVE,
    ),
    fc.constantFrom<z.ZodType>(
      z.date(),
      z.coerce.date(),
      z.bigint(),
      z.undefined(),
      z.map(z.string(), z.number()),
      z.never(),
      z.any(),
    ),
    tie('object'),
    tie('any').map((inner) => z.array(inner)),
    tie('any').map((inner) => inner.optional()),
    tie('any').map((inner) => z.nullable(inner)),
    tie('any').map((inner) => inner.transform(String)),
    tie('any').map((inner) => z.record(z.string(), inner)),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((all) => z.union(all as [z.ZodType])),
    fc.tuple(tie('any'), fc.string()).map(([inner, text]) => inner.meta({ title: text, description: text })),
  ),
  // No property called `$ref`: the validator takes it for a reference.
  object: fc
    .dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'title', 'items', 'a~/b%')), tie('any'), {
      maxKeys: 4,
    })
    .map((shape) => z.object(shape)),
}));

const text = fc.option(fc.string(), { nil: undefined });
const word = fc.constantFrom('users', 'orders', ':id', ':userId', ':x', 'v1', 'a.b~c');
const path = fc.uniqueArray(word, { maxLength: 4 }).map((words) => `/${words.join('/')}`);

const contract = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
    path,
    query: fc.option(fc.oneof(schema.object, schema.any), { nil: undefined }),
    body: fc.option(schema.any, { nil: undefined }),
    response: fc.option(schema.any, { nil: undefined }),
    status: fc.option(fc.integer({ min: 200, max: 399 }), { nil: undefined }),
    summary: text,
    description: text,
    deprecated: fc.option(fc.boolean(), { nil: undefined }),
    tags: fc.option(fc.array(fc.string()), { nil: undefined }),
    errors: fc.option(
      fc.dictionary(
        fc.stringMatching(/^[A-Z][A-Z0-9_]{1,12}$/),
        fc.record({ status: fc.integer({ min: 400, max: 599 }), data: fc.option(schema.any, { nil: undefined }), message: text }),
        { maxKeys: 3 },
      ),
      { nil: undefined },
    ),
    use: fc.constantFrom(
      [],
      [
        markSecurity((_req: unknown, _res: unknown, next: () => void) => next(), {
          schemes: { b: { type: 'http', scheme: 'bearer' } },
        }),
      ],
      [validate({ headers: v.object({ 'x-a': v.string() }) }) as never],
    ),
  })
  .map(({ body, response, ...rest }): AnyRoute => {
    const hasBody = ['POST', 'PUT', 'PATCH'].includes(rest.method);
    const hasContent = ![204, 205, 304].includes(rest.status ?? 200);
    const given = Object.entries({ ...rest, ...(hasBody && { body }), ...(hasContent && { response }) }).filter(
      ([, value]) => value !== undefined,
    );
    return route(Object.fromEntries(given) as never, (() => undefined) as never);
  });

const plain = fc.record(
  {
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'ALL', 'PURGE'), fc.string({ minLength: 1 })),
    path: fc.oneof(path, fc.string(), fc.constantFrom('/a/*rest', '/:"a b"/x', '/a/:b.:c', '/:a-:b', '/(x)', '/%', '/a?b')),
    name: text,
    functions: fc.array(fc.string()),
    query: schema.any,
  },
  { requiredKeys: ['method', 'path'] },
);

describe('a document of whatever routes', () => {
  it('is valid, and tells every contract', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(contract, { maxLength: 5 }),
        fc.array(plain, { maxLength: 5 }),
        async (contracts, plainRoutes) => {
          const silent = { warn: () => {} };
          const routes = contracts.map((each, at) => ({ [`route${at}`]: each }));
          const document: OpenApiDocument = openApi({ info: { title: 'x', version: '1' }, routes, plainRoutes, log: silent });
          await expectValid(document);
          for (const { definition } of contracts) {
            const pattern = definition.path.replace(/:\w+/g, '{}');
            const [, item] = Object.entries(document.paths).find(([key]) => key.replace(/\{[^}]*\}/g, '{}') === pattern) ?? [];
            expect(item).toHaveProperty(definition.method.toLowerCase());
          }
          expect(({} as Record<string, unknown>).type).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);
});
