import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openApi, route, routes, validate } from '../index.ts';
import { documented, INFO, log, warnings } from './valid-document.test-support.ts';

// The schema of OpenAPI takes seconds to compile where other tests run beside it.
vi.setConfig({ testTimeout: 30_000 });

beforeEach(() => void warnings.splice(0));

describe('plain routes', () => {
  const check = validate({
    query: z.object({ limit: z.coerce.number() }),
    headers: z.object({ 'x-tenant': z.string(), authorization: z.string() }),
  });

  it('tell what their validation takes', async () => {
    const { operation } = await documented({
      plainRoutes: [{ method: 'GET', path: '/files/:name.:ext', name: 'getFile', use: [check] }],
    });
    expect(operation('get', '/files/{name}.{ext}')).toEqual({
      operationId: 'getFile',
      parameters: [
        { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'ext', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'limit', in: 'query', required: true, style: 'form', explode: true, schema: { type: 'number' } },
        { name: 'x-tenant', in: 'header', required: true, schema: { type: 'string' } },
      ],
      responses: {
        400: { $ref: '#/components/responses/Invalid' },
        default: { description: 'What it answers is not described.' },
      },
    });
  });

  it('may be what the mesh lists: several paths, all methods, wildcards; what cannot be told is warned of', async () => {
    const { document } = await documented({
      plainRoutes: [
        { method: 'GET', paths: ['/a/:"user-id"', '/a'], handler: 'getA', functions: ['getA', 'listA'] },
        { method: 'ALL', paths: ['/b/*rest'], functions: ['getB'] },
        { method: 'GET', paths: ['/^\\/re/'], uncallable: 'regular expression', functions: [] },
        { method: 'PURGE', paths: ['/c'] },
        { method: 'GET', path: '/d/:id?' },
        { method: 'GET', path: '/e/:id/:id' },
      ],
    });
    expect(Object.keys(document.paths)).toEqual(['/a/{user-id}', '/a', '/b/{rest}']);
    expect(Object.values(document.paths['/b/{rest}'] ?? {}).map(({ operationId }) => operationId)).toEqual([
      'getB',
      'getB2',
      'getB3',
      'getB4',
      'getB5',
    ]);
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toContain('regular expression');
  });

  it('give way to a contract, and tell where it is mounted', async () => {
    const { document, operation } = await documented({
      routes: routes({
        getOrder: route({ method: 'GET', path: '/orders/:id', summary: 'One' }, () => 1),
        getRoot: route({ method: 'GET', path: '/' }, () => 1),
      }),
      plainRoutes: [
        { method: 'GET', paths: ['/api/v1/orders/:id'], contract: 'getOrder', functions: ['getOrder'] },
        { method: 'GET', paths: ['/api/v2/orders/:id'], contract: 'getOrder', functions: [] },
        { method: 'GET', path: '/', handler: 'somethingElse' },
        { method: 'PUT', path: '/api/v1/orders/:orderId', name: 'putOrder' },
      ],
    });
    expect(Object.keys(document.paths)).toEqual(['/api/v1/orders/{id}', '/api/v2/orders/{id}', '/']);
    expect(operation('get', '/api/v2/orders/{id}')).toMatchObject({ operationId: 'getOrder2', summary: 'One' });
    expect(operation('get', '/').operationId).toBe('getRoot');
    // One path to OpenAPI, whatever its parameter is called.
    expect(operation('put', '/api/v1/orders/{id}').parameters).toMatchObject([{ name: 'id', in: 'path' }]);
  });

  it('that are judged twice tell what judges first: what the client sends', async () => {
    const second = validate({ query: z.object({ limit: z.string() }), params: z.object({ id: z.int() }) });
    const { operation } = await documented({ plainRoutes: [{ method: 'GET', path: '/a/:id', use: [check, second] }] });
    expect(operation('get', '/a/{id}').parameters).toMatchObject([
      { name: 'id', schema: { type: 'integer' } },
      { name: 'limit', schema: { type: 'number' } },
      { name: 'x-tenant' },
    ]);
  });

  it('add to each other', async () => {
    const { operation } = await documented({
      plainRoutes: [
        { method: 'GET', paths: ['/a'], handler: 'getA' },
        { method: 'GET', path: '/a', use: [check], summary: 'By hand', response: z.string() },
      ],
    });
    expect(operation('get', '/a')).toMatchObject({
      operationId: 'getA',
      summary: 'By hand',
      parameters: [{ name: 'limit' }, {}],
    });
  });

  it('are asked for each time where they come from a function', () => {
    const list = [{ method: 'GET', path: '/a' }];
    const options = { info: INFO, log, plainRoutes: () => list };
    expect(Object.keys(openApi(options).paths)).toEqual(['/a']);
    list.push({ method: 'GET', path: '/b' });
    expect(Object.keys(openApi(options).paths)).toEqual(['/a', '/b']);
  });
});

describe('two of the same', () => {
  const one = route({ method: 'GET', path: '/a/:id' }, () => 1);

  it('are told once, with a warning where they are two routes', async () => {
    const other = route({ method: 'GET', path: '/a/:key' }, () => 2);
    const { document } = await documented({ routes: [routes({ one }), routes({ one }), routes({ other })] });
    expect(Object.values(document.paths)).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringContaining('"other" is not in the OpenAPI document: "one" answers the same requests'),
    ]);
  });
});
