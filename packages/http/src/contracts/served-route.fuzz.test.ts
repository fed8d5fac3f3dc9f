import type { ServerResponse } from 'node:http';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { HttpRequest } from '../middleware.ts';
import type { UnknownKeys } from '../validation/unknown-keys.ts';
import { resolveContractOptions } from './contract-options.ts';
import { type AnyRoute, route } from './route.ts';
import { serveRoute } from './served-route.ts';

const RUNS = 500;

const Node = z.object({
  name: z.string(),
  get children() {
    return z.array(Node).optional();
  },
});
const echo = ({ params, query, body }: { params: unknown; query: unknown; body: unknown }) => ({ params, query, body });

/** The same in three libraries, and one schema that recurses. */
const contracts: readonly (readonly [string, AnyRoute])[] = [
  [
    'Zod',
    route(
      {
        method: 'POST',
        path: '/:id',
        params: z.object({ id: z.number() }),
        query: z.object({ a: z.number().optional(), b: z.array(z.boolean()).optional() }),
        body: z.union([z.record(z.string(), z.unknown()), z.array(z.number()), Node]),
      },
      echo,
    ),
  ],
  [
    'Valibot',
    route(
      { method: 'POST', path: '/:id', query: v.object({ a: v.optional(v.string()) }), body: v.object({ name: v.string() }) },
      echo,
    ),
  ],
  [
    'ArkType',
    route(
      {
        method: 'POST',
        path: '/:id',
        query: type({ 'a?': 'number', 'b?': 'boolean[]' }),
        body: type({ name: 'string', '[string]': 'unknown' }),
      },
      echo,
    ),
  ],
];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'a', 'b', 'a[b]', 'a[]', 'true', '1e400', '%', '%zz', '%00', '', '.'),
);
const url = fc.oneof(
  fc
    .array(fc.tuple(text, text), { maxLength: 20 })
    .map((pairs) => `/x?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
  text.map((all) => `/x?${all}`),
  fc.constantFrom('/x', '/x?', '?', '', `/x?${'&'.repeat(2_000)}`, `/x?${'a=1&'.repeat(900)}`),
);
/** As a parser makes them of JSON, `__proto__` as a key of its own among them. */
const body = fc.oneof(
  fc.json({ maxDepth: 6 }).map((json) => JSON.parse(json) as unknown),
  fc
    .array(text, { maxLength: 4 })
    .map((keys) => JSON.parse(keys.reduce((inner, key) => `{${JSON.stringify(key)}:${inner}}`, '1')) as unknown),
  fc.constantFrom(...[33, 5_000].map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown)),
  // Nearly right: a name, and whatever else.
  fc.json({ maxDepth: 3 }).map((json) => JSON.parse(`{"name":"a","more":${json}}`) as unknown),
  fc.constantFrom(undefined, null, '', 0, Number.NaN, new Date(Number.NaN), Buffer.from('x')),
);

describe.each(contracts)('whatever a client sends, with schemas of %s', (_name, one) => {
  it.each(['as-the-schema-does', 'strip', 'refuse', 'keep'] as UnknownKeys[])(
    'is answered, or is the client’s fault (unknown keys: %s)',
    { timeout: 60_000 },
    async (unknownKeys) => {
      let served: ReturnType<typeof serveRoute>;
      try {
        served = serveRoute('echo', one, resolveContractOptions('x', { unknownKeys }));
      } catch (error) {
        // Of unions and of libraries that do not tell their keys there is no choice.
        expect(error).toMatchObject({ code: 'HTTP_SCHEMA_INVALID' });
        return;
      }
      const seen = new Set<number>();
      await fc.assert(
        fc.asyncProperty(url, body, fc.oneof(text, fc.nat().map(String)), async (target, sent, id) => {
          const req = {
            url: target,
            headers: { 'content-length': '5' },
            body: sent,
            readableEnded: true,
          } as unknown as HttpRequest;
          const status = await served.answer(req, {} as ServerResponse, { id }).then(
            (answer) => {
              expect(String(answer?.body)).not.toMatch(/"(?:__proto__|constructor|prototype)":/);
              return answer?.status ?? 0;
            },
            (error: { status: number; code: string }) => {
              expect(error).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
              return error.status;
            },
          );
          seen.add(status);
          expect(Object.keys(Object.prototype)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
      expect([...seen].sort()).toEqual([200, 400]);
    },
  );
});
