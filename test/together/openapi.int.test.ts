import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authenticate,
  authorize,
  createTokens,
  mountRoutes,
  type OpenApiDocument,
  openApi,
  openApiPages,
  route,
  routes,
  validate,
} from '@express-micro/http';
import { Validator } from '@seriousme/openapi-schema-validator';
import express from 'express';
import expressMicro from 'express-micro';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const INFO = { title: 'Orders', version: '1.0.0' };
const example = (file: string) => import(new URL(`../../examples/openapi/${file}`, import.meta.url).href);

const running: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

async function listen(app: { listen(port: number, host: string): Server }): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function documentOf(url: string): Promise<OpenApiDocument> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
  await expectValid(document);
  return document;
}

async function expectValid(document: object): Promise<void> {
  expect(await new Validator().validate(structuredClone(document) as Record<string, unknown>)).toEqual({ valid: true });
}

describe('the examples of OpenAPI', () => {
  it('serve the same document and page on Express and Fastify', async () => {
    const url = await listen((await example('app.js')).app);
    const document = await documentOf(url);
    expect(Object.keys(document.paths)).toEqual(['/orders/{id}', '/orders']);
    expect(await (await fetch(`${url}/docs`)).text()).toContain('<script type="module" src="docs/page.js">');
    expect((await fetch(`${url}/orders/7`)).status).toBe(200);

    const { app } = await example('fastify-app.js');
    running.push(() => app.close());
    const other = await app.listen({ port: 0, host: '127.0.0.1' });
    expect(await documentOf(other)).toEqual(document);
    expect((await fetch(`${other}/docs`)).status).toBe(200);
    expect((await fetch(`${other}/orders/7`)).status).toBe(200);
  });

  it('write the document to a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
    running.push(() => rmSync(folder, { recursive: true }));
    process.argv[2] = join(folder, 'openapi.json');
    await example('document.js');
    await expectValid(JSON.parse(readFileSync(join(folder, 'openapi.json'), 'utf8')));
  });

  it('tell what the mesh sees of an app', async () => {
    const { app, micro } = await example('plain.js');
    running.push(() => micro.close());
    const { paths } = await documentOf(await listen(app));
    expect(paths['/users']?.post).toMatchObject({
      operationId: 'createUser',
      summary: 'A new user',
      requestBody: { required: true, content: { 'application/json': { schema: { properties: { name: { type: 'string' } } } } } },
    });
    // It is no part of what the others are told.
    expect(JSON.stringify(micro.routes())).not.toContain('name"');
    expect(paths['/users/{id}']?.get).toMatchObject({ operationId: 'getUser', parameters: [{ name: 'id' }] });
  });

  it('mark a guard', async () => {
    const { partnersOnly } = await example('guard.js');
    const table = routes({ getIt: route({ method: 'GET', path: '/it', use: [partnersOnly('s')] }, () => 1) });
    expect(openApi({ info: INFO, routes: table }).paths['/it']?.get?.security).toEqual([{ partner: [] }]);
  });
});

describe('contracts in an app that the mesh sees', () => {
  it('are documented where they are mounted, and once', async () => {
    const app = express();
    const micro = expressMicro(app, { serviceName: 'orders', log: false });
    running.push(() => micro.close());
    const table = routes({ getOrder: route({ method: 'GET', path: '/orders/:id', summary: 'One' }, () => 1) });
    const router = express.Router();
    mountRoutes(router, table);
    app.use('/api/v1', router);
    app.use(openApiPages({ info: INFO, routes: table, plainRoutes: () => micro.routes(), log: { warn: expect.fail } }));
    const url = await listen(app);
    expect(Object.keys((await documentOf(url)).paths)).toEqual(['/api/v1/orders/{id}']);
    expect((await documentOf(url)).paths['/api/v1/orders/{id}']?.get).toMatchObject({ operationId: 'getOrder', summary: 'One' });

    const etag = async () => (await fetch(`${url}/openapi.json`)).headers.get('etag');
    const before = await etag();
    app.get('/late/:id', (_req, res) => void res.json(1));
    expect(await etag()).not.toBe(before);
    expect((await documentOf(url)).paths['/late/{id}']?.get?.operationId).toBe('getLate');
    // The same objects while nothing has changed: the document is not made again for each request.
    expect(micro.routes()[0]).toBe(micro.routes()[0]);
  });

  it('routes that are none tell what stands in front of their handlers', async () => {
    const app = express();
    const micro = expressMicro(app, { serviceName: 'orders', log: false });
    running.push(() => micro.close());
    const tokens = createTokens({ secret: randomBytes(32).toString('base64url') });
    const Page = z.object({ limit: z.number() });
    const router = express.Router();
    router
      .route('/orders')
      .all(authenticate(tokens))
      .get(validate({ query: Page }), (_req, res) => void res.json([]))
      .post(authorize('clerk'), (_req, res) => void res.json({}));
    app.use('/api', router);
    const document = openApi({ info: INFO, plainRoutes: () => micro.routes() });
    const { get, post } = document.paths['/api/orders'] ?? {};
    expect(get).toMatchObject({ parameters: [{ name: 'limit', in: 'query' }], security: [{ bearer: [] }] });
    expect(Object.keys(get?.responses ?? {})).toEqual(['400', '401', 'default']);
    expect(post).toMatchObject({ security: [{ bearer: [] }], description: 'Needs the role "clerk".' });
    expect(post).not.toHaveProperty('parameters');
    expect(document.components.securitySchemes).toHaveProperty('bearer');
  });
});
