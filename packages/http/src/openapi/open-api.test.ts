import { type } from 'arktype';
import * as v from 'valibot';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  authenticate,
  authorize,
  createTokens,
  identify,
  markSecurity,
  openApi,
  requirePermissions,
  route,
  routes,
  type SecurityMark,
  serviceCallers,
  type validate,
} from '../index.ts';
import { documented, INFO, warnings } from './valid-document.test-support.ts';

// The schema of OpenAPI takes seconds to compile where other tests run beside it.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => void warnings.splice(0));

const guard = (mark: SecurityMark) => markSecurity((_req: unknown, _res: unknown, next: () => void) => next(), mark);

describe('a contract', () => {
  const Order = z.object({ id: z.int(), state: z.enum(['draft', 'paid']), at: z.date() }).meta({ id: 'Order' });
  const table = routes({
    getOrders: route(
      {
        method: 'GET',
        path: '/users/:userId/orders',
        params: z.object({ userId: z.coerce.number() }),
        query: z.object({
          limit: z.number().min(1).default(20).describe('How many'),
          tag: z.array(z.string()).optional(),
          q: z.string(),
        }),
        response: z.array(Order),
        summary: 'Orders of a user',
        description: 'Newest first.',
        tags: ['orders'],
        deprecated: true,
      },
      () => [],
    ),
    createOrder: route(
      {
        method: 'POST',
        path: '/orders',
        body: z.object({ sku: z.string(), count: z.number().default(1) }),
        status: 201,
        response: Order,
        errors: {
          OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string() }), message: 'Nothing left' },
          CLOSED: { status: 409 },
          TEAPOT: { status: 418 },
        },
      },
      () => ({ id: 1, state: 'draft' as const, at: new Date(0) }),
    ),
    deleteOrder: route({ method: 'DELETE', path: '/orders/:id', status: 204 }, () => undefined),
  });

  it('is an operation with its name, its words and its parameters by place', async () => {
    const { operation } = await documented({ routes: table });
    expect(operation('get', '/users/{userId}/orders')).toMatchObject({
      operationId: 'getOrders',
      summary: 'Orders of a user',
      description: 'Newest first.',
      tags: ['orders'],
      deprecated: true,
      parameters: [
        { name: 'userId', in: 'path', required: true, schema: { type: 'number' } },
        { name: 'limit', in: 'query', description: 'How many', schema: { type: 'number', minimum: 1, default: 20 } },
        { name: 'tag', in: 'query', style: 'form', explode: true, schema: { type: 'array', items: { type: 'string' } } },
        { name: 'q', in: 'query', required: true },
      ],
    });
    const [, limit] = operation('get', '/users/{userId}/orders').parameters ?? [];
    expect(limit).not.toHaveProperty('required');
  });

  it('takes a body in the form that goes in, and answers by its status in the form that comes out', async () => {
    const { operation, schemas } = await documented({ routes: table });
    const { requestBody, responses } = operation('post', '/orders');
    expect(requestBody).toEqual({
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            properties: { sku: { type: 'string' }, count: { type: 'number', default: 1 } },
            required: ['sku'],
          },
        },
      },
    });
    expect(responses[201]).toMatchObject({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } });
    expect(schemas.Order).toMatchObject({ properties: { at: { type: 'string', format: 'date-time' } } });
    expect(operation('delete', '/orders/{id}').responses[204]).toEqual({ description: 'Success.' });
  });

  it('leaves the name of a schema to what it answers, where it takes another form of it', async () => {
    const Named = z.object({ count: z.number().default(1) }).meta({ id: 'Named' });
    const { operation } = await documented({
      routes: routes({ put: route({ method: 'PUT', path: '/it', body: Named, response: Named }, ({ body }) => body) }),
    });
    const { requestBody, responses } = operation('put', '/it');
    expect(requestBody?.content).toEqual({ 'application/json': { schema: { $ref: '#/components/schemas/NamedInput' } } });
    expect(responses[200]).toMatchObject({ content: { 'application/json': { schema: { $ref: '#/components/schemas/Named' } } } });
  });

  it('answers its declared errors by status, told apart by code', async () => {
    const { operation, schemas } = await documented({ routes: table });
    const { responses } = operation('post', '/orders');
    expect(responses[409]).toMatchObject({
      description: '`OUT_OF_STOCK`: Nothing left\n\n`CLOSED`',
      content: {
        'application/json': {
          schema: {
            oneOf: [{ $ref: '#/components/schemas/OutOfStockError' }, { $ref: '#/components/schemas/ClosedError' }],
            discriminator: { propertyName: 'code' },
          },
        },
        'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
      },
    });
    expect(responses[418]).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/TeapotError' } } },
    });
    expect(schemas.OutOfStockError).toMatchObject({ allOf: [{}, { properties: { data: { properties: { sku: {} } } } }] });
  });

  it('answers 400 where something is judged, and failures of any kind by default', async () => {
    const { operation, document } = await documented({ routes: table });
    expect(operation('post', '/orders').responses[400]).toEqual({ $ref: '#/components/responses/Invalid' });
    expect(operation('delete', '/orders/{id}').responses).not.toHaveProperty('400');
    expect(operation('delete', '/orders/{id}').responses.default).toEqual({ $ref: '#/components/responses/Failed' });
    expect(document.components.responses.Failed?.content).toHaveProperty(['application/problem+json']);
  });

  it('is documented under the path that it is mounted at', async () => {
    const { document } = await documented({ routes: [{ prefix: '/api/:tenant', routes: table }] });
    expect(Object.keys(document.paths)).toEqual([
      '/api/{tenant}/users/{userId}/orders',
      '/api/{tenant}/orders',
      '/api/{tenant}/orders/{id}',
    ]);
  });

  it('that streams answers lines, one without a schema says so, and HEAD has no body', async () => {
    const { operation } = await documented({
      routes: routes({
        watch: route({ method: 'GET', path: '/watch' }, async function* () {
          yield 1;
        }),
        look: route({ method: 'GET', path: '/look' }, () => 1),
        peek: route({ method: 'HEAD', path: '/look', response: z.string() }, () => ''),
        move: route({ method: 'GET', path: '/move', status: 302 }, () => undefined),
      }),
    });
    expect(operation('get', '/watch').responses[200]).toMatchObject({ content: { 'application/x-ndjson': {} } });
    expect(Object.keys(operation('get', '/look').responses)).toEqual(['200', '204', 'default']);
    expect(operation('head', '/look').responses[200]).toEqual({ description: 'Success.' });
    expect(operation('get', '/move').responses[302]).toMatchObject({ description: 'Redirection.' });
  });

  it('asks for a body only where its schema does', async () => {
    const { operation } = await documented({
      routes: routes({
        a: route({ method: 'POST', path: '/a', body: z.string().optional() }, () => 1),
        b: route({ method: 'PUT', path: '/a', body: z.string().refine(async () => true) }, () => 1),
      }),
    });
    expect([operation('post', '/a').requestBody?.required, operation('put', '/a').requestBody?.required]).toEqual([false, true]);
  });
});

describe('schemas of other libraries', () => {
  const path = '/orders';
  const describedBy = async (body: Parameters<typeof validate>[0]['body']) => {
    const { document, operation } = await documented({
      plainRoutes: [{ method: 'POST', path, name: 'create', body, response: body }],
    });
    const { requestBody, responses } = operation('post', path);
    const taken = requestBody?.content['application/json']?.schema;
    const given = (responses[200] as { content?: Record<string, { schema?: unknown }> }).content?.['application/json']?.schema;
    return { taken, given, schemas: document.components.schemas };
  };

  it('are told by ArkType itself', async () => {
    const { taken, given } = await describedBy(type({ sku: 'string', 'count?': 'string.numeric.parse', at: 'Date' }));
    expect(taken).toMatchObject({
      properties: { sku: { type: 'string' }, count: { type: 'string' }, at: {} },
      required: ['at', 'sku'],
    });
    expect(given).toMatchObject({ properties: { count: { type: 'number' }, at: { type: 'string', format: 'date-time' } } });
  });

  it('are told by the converter of Valibot', async () => {
    const Schema = v.object({ sku: v.string(), count: v.optional(v.number(), 1), at: v.date() });
    const { taken, given } = await describedBy(Schema);
    expect(taken).toMatchObject({ properties: { sku: { type: 'string' }, at: {} }, required: ['sku', 'at'] });
    expect(given).toMatchObject({ properties: { at: { type: 'string', format: 'date-time' } } });
    expect(warnings).toEqual([]);
  });

  it('have a component where they refer to themselves, or have a title', async () => {
    interface Tree {
      name: string;
      children: Tree[];
    }
    const Tree: v.GenericSchema<Tree> = v.object({ name: v.string(), children: v.array(v.lazy(() => Tree)) });
    const { schemas } = await describedBy(Tree);
    expect(schemas.CreateBody ?? schemas.CreateResponse).toMatchObject({ properties: { children: { type: 'array' } } });
    const { taken, given } = await describedBy(type({ sku: 'string' }).configure({ title: 'Article' }));
    expect([taken, given]).toEqual([{ $ref: '#/components/schemas/Article' }, { $ref: '#/components/schemas/Article' }]);
  });

  it('that cannot be told are open, say so, and are warned of once', async () => {
    const silent = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } } as const;
    const broken = {
      '~standard': {
        ...silent['~standard'],
        jsonSchema: {
          input: () => {
            throw new Error('no words for it');
          },
          output: () => 7,
        },
      },
    };
    const first = await describedBy(silent);
    expect(first.taken).toEqual({ description: expect.stringContaining('"own" does not tell its schemas') });
    await describedBy(silent);
    expect(warnings).toHaveLength(1);
    const { taken, given } = await describedBy(broken);
    expect(taken).toEqual({ description: expect.stringContaining('no words for it') });
    expect(given).toEqual({ description: expect.stringContaining('no JSON Schema') });
  });
});

describe('guards', () => {
  const bearer = { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } as const;
  const key = { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } as const;

  it('say what a route asks for, and what it refuses with', async () => {
    const { document, operation } = await documented({
      security: [{ other: [] }],
      securitySchemes: { other: { type: 'mutualTLS' } },
      routes: routes({
        a: route({ method: 'GET', path: '/a', use: [guard({ schemes: { ...bearer, ...key } })] }, () => 1),
        b: route(
          {
            method: 'GET',
            path: '/b',
            use: [guard({ schemes: bearer }), guard({ schemes: key }), guard({ demands: 'Needs the role "admin".' })],
          },
          () => 1,
        ),
        c: route({ method: 'GET', path: '/c', use: [guard({ schemes: bearer, isOptional: true })] }, () => 1),
        d: route({ method: 'GET', path: '/d', use: [(_req, _res, next) => next()] }, () => 1),
      }),
    });
    expect(operation('get', '/a').security).toEqual([{ bearer: [] }, { key: [] }]);
    expect(operation('get', '/b').security).toEqual([{ bearer: [], key: [] }]);
    expect(operation('get', '/c').security).toEqual([{ bearer: [] }, {}]);
    expect(operation('get', '/d')).not.toHaveProperty('security');
    expect(operation('get', '/b').description).toBe('Needs the role "admin".');
    expect(operation('get', '/b').responses[403]).toEqual({ $ref: '#/components/responses/Forbidden' });
    expect(operation('get', '/a').responses[401]).toEqual({ $ref: '#/components/responses/Unauthorized' });
    expect(operation('get', '/a').responses).not.toHaveProperty('403');
    expect(document.components.securitySchemes).toEqual({ ...bearer, ...key, other: { type: 'mutualTLS' } });
    expect(document.security).toEqual([{ other: [] }]);
  });

  it('of authentication say it themselves', async () => {
    const tokens = createTokens({ secret: 'a-secret-of-the-tests-that-nobody-else-has', issuer: false, audience: false });
    const use = [authenticate(tokens, serviceCallers()), authorize('admin', 'clerk'), requirePermissions('orders:write')];
    const table = routes({
      payOrder: route({ method: 'POST', path: '/orders/pay', use }, () => undefined),
      getOrders: route({ method: 'GET', path: '/orders', use: [identify(tokens)] }, () => []),
    });
    const { document, operation } = await documented({ routes: table });
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      service: { type: 'http', scheme: 'service' },
    });
    expect(operation('post', '/orders/pay').security).toEqual([{ bearer: [] }, { service: [] }]);
    expect(operation('post', '/orders/pay').description).toBe(
      'Needs the role "admin" or "clerk".\n\nNeeds the permission "orders:write".',
    );
    expect(operation('get', '/orders').security).toEqual([{ bearer: [] }, {}]);
  });

  it('and declared errors of one status are both told', async () => {
    const { operation } = await documented({
      routes: routes({
        login: route({ method: 'GET', path: '/a', use: [guard({ schemes: bearer })], errors: { BAD: { status: 401 } } }, () => 1),
      }),
    });
    expect(operation('get', '/a').responses[401]).toMatchObject({
      content: {
        'application/json': {
          schema: { anyOf: [{ $ref: '#/components/schemas/BadError' }, { $ref: '#/components/schemas/ErrorBody' }] },
        },
      },
    });
  });
});

describe('a query', () => {
  it('that is no list of keys is one parameter that is written as pairs', async () => {
    const { operation } = await documented({
      plainRoutes: [{ method: 'GET', path: '/a', query: z.record(z.string(), z.number()) }],
    });
    expect(operation('get', '/a').parameters).toMatchObject([
      { name: 'query', in: 'query', style: 'form', explode: true, schema: { additionalProperties: { type: 'number' } } },
    ]);
  });

  it('may be put together of others, and have a name', async () => {
    const Page = z.object({ page: z.number() }).meta({ id: 'Page' });
    const query = z.intersection(Page, z.object({ sort: z.string().meta({ deprecated: true }) }));
    const { operation } = await documented({
      plainRoutes: [
        { method: 'GET', path: '/a', query },
        { method: 'GET', path: '/b', query: Page },
      ],
    });
    expect(operation('get', '/a').parameters?.map(({ name, deprecated }) => [name, deprecated])).toEqual([
      ['page', undefined],
      ['sort', true],
    ]);
    expect(operation('get', '/b').parameters?.map(({ name }) => name)).toEqual(['page']);
  });
});

describe('options', () => {
  it.each([
    [{}, /"info".*it is needed/],
    [{ info: { title: 'a' } }, /"info".*the version/],
    [{ info: INFO, routes: 7 }, /"routes"/],
    [{ info: INFO, routes: [{ prefix: 'api', routes: {} }] }, /the prefix "api"/],
    [{ info: INFO, routes: { a: {} } }, /it takes a route/],
    [{ info: INFO, plainRoutes: 'all' }, /"plainRoutes"/],
    [{ info: INFO, plainRoutes: () => [null] }, /"plainRoutes" of openApi\(\) takes a list/],
    [{ info: INFO, servers: [{}] }, /"servers"/],
    [{ info: INFO, security: [[]] }, /"security"/],
    [{ info: INFO, securitySchemes: { 'a b': { type: 'http' } } }, /"a b"/],
    [{ info: INFO, title: 'x' }, /Unknown option "title"/],
  ])('%j is refused', (options, message) => {
    expect(() => openApi(options as never)).toThrow(message);
  });

  it('come into the document as they are, and are not changed', async () => {
    const options = {
      servers: [{ url: '/api', description: 'Here' }],
      tags: [{ name: 'orders', description: 'Buying' }],
      routes: [],
    };
    const before = structuredClone(options);
    const { document } = await documented(options);
    expect(document).toMatchObject({ openapi: '3.1.1', info: INFO, servers: options.servers, tags: options.tags, paths: {} });
    expect(options).toEqual(before);
  });
});
