import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import type { Schema } from './schema.ts';

/** What each library says of one and the same thing. Capabilities are data: what a library does not tell is not expected of it. */
export interface Library {
  readonly name: string;
  /** Whether its schemas tell their keys and types (Standard JSON Schema). */
  readonly tells: boolean;
  /** What becomes of unknown keys when nobody says. */
  readonly unknownKeys: 'strip' | 'keep';
  /** `{ name: string, age: number from 0, tags?: string[], address?: { city: string } }` */
  readonly person: Schema;
  /** `{ page: number, flag?: boolean, tag?: string[], ids?: number[], text?: string }` */
  readonly query: Schema;
  /** `{ id: string → its length }` */
  readonly transforming: Schema;
  /** Refuses unknown keys by itself. */
  readonly strict: Schema;
  /** `{ name: string }`, and asks somebody whether it is taken. `undefined` where there are no asynchronous schemas. */
  readonly asynchronous: Schema | undefined;
}

const isFree = async (name: string) => {
  await Promise.resolve();
  return name !== 'taken';
};

export const libraries: readonly Library[] = [
  {
    name: 'Zod',
    tells: true,
    unknownKeys: 'strip',
    person: z.object({
      name: z.string(),
      age: z.number().min(0),
      tags: z.array(z.string()).optional(),
      address: z.object({ city: z.string() }).optional(),
    }),
    query: z.object({
      page: z.number(),
      flag: z.boolean().optional(),
      tag: z.array(z.string()).optional(),
      ids: z.array(z.number()).optional(),
      text: z.string().optional(),
    }),
    transforming: z.object({ id: z.string().transform((id) => id.length) }),
    strict: z.strictObject({ name: z.string() }),
    asynchronous: z.object({ name: z.string().refine(isFree, 'is taken') }),
  },
  {
    name: 'Valibot',
    tells: false,
    unknownKeys: 'strip',
    person: v.object({
      name: v.string(),
      age: v.pipe(v.number(), v.minValue(0)),
      tags: v.optional(v.array(v.string())),
      address: v.optional(v.object({ city: v.string() })),
    }),
    query: v.object({ page: v.number(), flag: v.optional(v.boolean()), text: v.optional(v.string()) }),
    transforming: v.object({
      id: v.pipe(
        v.string(),
        v.transform((id) => id.length),
      ),
    }),
    strict: v.strictObject({ name: v.string() }),
    asynchronous: v.objectAsync({ name: v.pipeAsync(v.string(), v.checkAsync(isFree, 'is taken')) }),
  },
  {
    name: 'ArkType',
    tells: true,
    unknownKeys: 'keep',
    person: type({ name: 'string', age: 'number >= 0', 'tags?': 'string[]', 'address?': { city: 'string' } }),
    query: type({ page: 'number', 'flag?': 'boolean', 'tag?': 'string[]', 'ids?': 'number[]', 'text?': 'string' }),
    transforming: type({ id: type('string').pipe((id) => id.length) }),
    strict: type({ '+': 'reject', name: 'string' }),
    asynchronous: undefined,
  },
];
