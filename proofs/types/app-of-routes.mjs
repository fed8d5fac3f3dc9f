import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {'schemas' | 'routes' | 'calls'} Stage schemas alone; with the contracts around them; with a caller of each, too */

/** Four kinds, a quarter of the routes each. @param {number} n */
const schemas = (n) => `
const Item${n} = z.object({ id: z.number(), name${n}: z.string().min(1), price: z.number(), at: z.date(), tags: z.array(z.string()).optional() });
const New${n} = z.object({ name${n}: z.string().min(1), price: z.number().default(0), kind: z.enum(['a${n}', 'b']).optional() });
const Query${n} = z.object({ limit: z.coerce.number().default(20), after: z.string().optional(), tag: z.array(z.string()).optional() });
const Params${n} = z.object({ id: z.coerce.number() });`;

const KINDS = [
  {
    /** @param {number} n */
    contract: (n) => `{ method: 'GET', path: '/things${n}', query: Query${n}, response: z.array(Item${n}) }`,
    handler: 'async ({ query }) => { void (query.limit + 1); return []; }',
    /** @param {number} n */
    call: (n) => `(await services.things.route${n}({ limit: 5 })).map((one) => one.name${n})`,
  },
  {
    /** @param {number} n */
    contract: (n) => `{ method: 'GET', path: '/things${n}/:id', params: Params${n}, response: Item${n} }`,
    /** @param {number} n */
    handler: (n) => `({ params }) => ({ id: params.id, name${n}: 'x', price: 1, at: new Date() })`,
    /** @param {number} n */
    call: (n) => `(await services.things.route${n}({ id: 1 })).at.slice(1)`,
  },
  {
    /** @param {number} n */
    contract: (n) =>
      `{ method: 'POST', path: '/things${n}', body: New${n}, status: 201, response: Item${n}, errors: { TAKEN: { status: 409, data: z.object({ name${n}: z.string() }) } } }`,
    /** @param {number} n */
    handler: (n) =>
      `async ({ body, errors }) => { if (body.kind === 'b') throw errors.TAKEN({ name${n}: body.name${n} }); return { id: 1, name${n}: body.name${n}, price: body.price, at: new Date() }; }`,
    /** @param {number} n */
    call: (n) => `services.things.route${n}.errorOf(await services.things.route${n}({ name${n}: 'x' }))?.data.name${n}`,
  },
  {
    /** @param {number} n */
    contract: (n) => `{ method: 'PUT', path: '/things${n}/:id', params: Params${n}, body: New${n}, response: Item${n} }`,
    /** @param {number} n */
    handler: (n) => `({ params, body }) => ({ id: params.id, name${n}: body.name${n}, price: body.price, at: new Date() })`,
    /** @param {number} n */
    call: (n) => `(await services.things.route${n}.request({ params: { id: 1 }, body: { name${n}: 'x' } })).data.price`,
  },
];

/**
 * Writes an app of so many routes, each with schemas of its own, into a folder of the repository.
 * @param {string} folder
 * @param {{ routes: number, stage: Stage, extends: string, include?: readonly string[] }} options
 */
export function writeApp(folder, { routes, stage, extends: base, include = [] }) {
  mkdirSync(folder, { recursive: true });
  const numbers = Array.from({ length: routes }, (_, at) => at);
  const kindOf = (/** @type {number} */ n) => /** @type {NonNullable<(typeof KINDS)[0]>} */ (KINDS[n % KINDS.length]);
  const text = (/** @type {string | ((n: number) => string)} */ part, /** @type {number} */ n) =>
    typeof part === 'string' ? part : part(n);
  const perFile = 20;
  for (let at = 0; at < routes; at += perFile) {
    const own = numbers.slice(at, at + perFile);
    const contracts = own.map((n) => `  route${n}: route(${kindOf(n).contract(n)}, ${text(kindOf(n).handler, n)}),`);
    const unused = own.map((n) => `export const contract${n} = ${kindOf(n).contract(n)} as const;`);
    const lines = [
      ...(stage === 'schemas' ? [] : ["import { route, routes } from '@express-micro/http';"]),
      "import { z } from 'zod';",
      ...own.map(schemas),
      ...(stage === 'schemas' ? unused : [`export const routes${at} = routes({`, ...contracts, '});']),
    ];
    writeFileSync(join(folder, `routes${at}.ts`), `${lines.join('\n')}\n`);
  }
  if (stage === 'calls') {
    const parts = numbers.filter((n) => n % perFile === 0).map((n) => `typeof import('./routes${n}.ts').routes${n}`);
    const lines = [
      "import type { ServicesOf } from '@express-micro/mesh';",
      `declare const services: ServicesOf<{ things: ${parts.join(' & ') || '{}'} }>;`,
      ...numbers.map((n) => `export const call${n} = async () => ${kindOf(n).call(n)};`),
    ];
    writeFileSync(join(folder, 'calls.ts'), `${lines.join('\n')}\n`);
  }
  const config = { extends: base, compilerOptions: { noUnusedLocals: false }, include: ['./*.ts', ...include] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  if (routes === 0)
    writeFileSync(join(folder, 'nothing.ts'), "import '@express-micro/http';\nimport '@express-micro/mesh';\nimport 'zod';\n");
}
