import http from 'node:http';
import { silentLog } from '@express-micro/core';
import Fastify from 'fastify';
import helmet from 'helmet';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { fastifyMiddleware, fastifyRoutes } from '../src/fastify.ts';
import {
  AppError,
  errorHandler,
  type Middleware,
  mountRoutes,
  NotFoundError,
  type OpenApiDocument,
  type OpenApiPagesOptions,
  openApiPages,
  type Routes,
  route,
  routes,
  UnauthorizedError,
} from '../src/index.ts';
import type { Operation } from '../src/openapi/document.ts';
import { createJudge, expectValid } from '../src/openapi/valid-document.test-support.ts';
import { atEnd, expresses, listen, stopServers } from './frameworks.test-support.ts';

const INFO = { title: 'Orders', version: '1.0.0' };
const log = { warn: () => {} };

const Order = z
  .object({ id: z.int(), state: z.enum(['draft', 'paid']), at: z.date(), note: z.string().nullable() })
  .meta({ id: 'Order' });
const order = { id: 7, state: 'draft' as const, at: new Date(0), note: null };
const table = routes({
  getOrder: route(
    {
      method: 'GET',
      path: '/orders/:id',
      params: z.object({ id: z.coerce.number() }),
      response: Order,
      errors: { GONE: { status: 410, data: z.object({ since: z.date() }) } },
    },
    ({ params, errors }) => {
      if (params.id === 404) throw new NotFoundError();
      if (params.id === 410) throw errors.GONE({ since: new Date(0) });
      return order;
    },
  ),
  watchOrders: route({ method: 'GET', path: '/orders' }, async function* () {
    yield order;
  }),
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await stopServers();
});

type Serve = (given?: { pages?: Partial<OpenApiPagesOptions>; routes?: Routes }) => Promise<string>;

const onExpress =
  (express: (typeof expresses)[number][1]): Serve =>
  async ({ pages, routes: served = table } = {}) => {
    const app = express();
    app.use(helmet());
    app.use(openApiPages({ info: INFO, routes: served, log, ...pages }));
    mountRoutes(app, served);
    app.use(errorHandler({ log: silentLog }));
    return (await listen(app)).url;
  };

const onFastify: Serve = async ({ pages, routes: served = table } = {}) => {
  const app = Fastify();
  const middleware = openApiPages({ info: INFO, routes: served, log, ...pages });
  await app.register(fastifyMiddleware([middleware], { errors: { log: silentLog } }));
  await app.register(fastifyRoutes(served));
  atEnd(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
};

describe.each([...expresses.map(([name, express]) => [name, onExpress(express)] as const), ['Fastify', onFastify] as const])(
  'the pages on %s',
  (_name, serve) => {
    it('give the document, and 304 to who has it', async () => {
      const url = await serve();
      const response = await fetch(`${url}/openapi.json`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const document = (await response.json()) as OpenApiDocument;
      await expectValid(document);
      expect(document.paths['/orders/{id}']?.get?.operationId).toBe('getOrder');
      const etag = response.headers.get('etag') as string;
      for (const given of [etag, `"x", W/${etag}`, '*']) {
        const again = await fetch(`${url}/openapi.json`, { headers: { 'if-none-match': given, 'cache-control': 'no-cache' } });
        expect([again.status, await again.text()]).toEqual([304, '']);
      }
      expect((await fetch(`${url}/openapi.json`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    });

    it('give a page whose files are all here, under a policy that allows nothing else', async () => {
      const url = await serve();
      const response = await fetch(`${url}/docs?theme=x`);
      const html = await response.text();
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(response.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/);
      const addresses = [...html.matchAll(/(?:src|data-document|rel="stylesheet" href)="([^"]+)"/g)].map(
        ([, address]) => address as string,
      );
      expect(addresses).toEqual(['docs/page.css', 'docs/page.js', 'openapi.json']);
      const seen = new Set<string>();
      const follow = async (address: string) => {
        if (seen.has(address)) return;
        seen.add(address);
        const file = await fetch(address);
        expect(file.status, address).toBe(200);
        expect(file.headers.get('x-content-type-options')).toBe('nosniff');
        const text = await file.text();
        for (const [, inner] of text.matchAll(/from '(\.\/[^']+)'/g)) await follow(new URL(inner as string, address).href);
      };
      for (const address of addresses) await follow(new URL(address, `${url}/docs`).href);
      expect([...seen].filter((address) => address.endsWith('.js'))).toHaveLength(5);
    });

    it('answer HEAD without a body, and lead from "/docs/" to the page', async () => {
      const url = await serve();
      for (const path of ['/docs', '/openapi.json', '/docs/page.css']) {
        const [get, head] = [await fetch(url + path), await fetch(url + path, { method: 'HEAD' })];
        expect([head.status, await head.text()]).toEqual([200, '']);
        expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
        expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
        await get.text();
      }
      const moved = await fetch(`${url}/docs/`, { redirect: 'manual' });
      expect([moved.status, moved.headers.get('location')]).toEqual([308, '../docs']);
    });

    it('leave everything else to the app, whatever the path looks like', async () => {
      const url = await serve();
      for (const path of [
        '/docs/../package.json',
        '/docs/%2e%2e/package.json',
        '/docs/..%2fpage.ts',
        '/docs/raw-text.d.ts',
        '/docs/__proto__',
        '/Docs',
        '/openapi.json/',
        '//docs',
        '/docs/page.js/',
      ]) {
        expect((await raw(url, path)).status, path).toBe(404);
      }
      expect((await fetch(`${url}/openapi.json`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${url}/orders/7`)).status).toBe(200);
    });

    it('let in whom the guards let in', async () => {
      const guard: Middleware = (req, _res, next) =>
        setImmediate(() => next(req.headers.authorization === 'Bearer x' ? undefined : new UnauthorizedError()));
      vi.stubEnv('NODE_ENV', 'production');
      const url = await serve({ pages: { access: [guard] } });
      for (const path of ['/openapi.json', '/docs', '/docs/page.js', '/docs/']) {
        expect((await fetch(url + path, { redirect: 'manual' })).status, path).toBe(401);
        const { status } = await fetch(url + path, { headers: { authorization: 'Bearer x' }, redirect: 'manual' });
        expect(status, path).toBe(path === '/docs/' ? 308 : 200);
      }
      expect((await fetch(`${url}/orders/7`)).status).toBe(200);
    });

    it('are not there in production, unless somebody says for whom', async () => {
      vi.stubEnv('NODE_ENV', 'production');
      const [closed, opened] = [await serve(), await serve({ pages: { access: 'everyone' } })];
      for (const path of ['/openapi.json', '/docs', '/docs/', '/docs/page.js']) {
        expect((await fetch(closed + path)).status, path).toBe(404);
        expect((await fetch(opened + path)).status, path).toBe(200);
      }
    });

    it('stand where the options say', async () => {
      const url = await serve({
        pages: {
          documentPath: '/api/v1/spec.json',
          pagePath: '/internal/api-docs',
          servers: [{ url: 'https://api.example.com/v1' }, { url: 'https://{x}.example.com' }],
        },
      });
      const page = await fetch(`${url}/internal/api-docs`);
      expect(await page.text()).toContain('data-document="../api/v1/spec.json"');
      expect(page.headers.get('content-security-policy')).toContain("connect-src 'self' https://api.example.com;");
      expect((await fetch(`${url}/api/v1/spec.json`)).status).toBe(200);
      expect((await fetch(`${url}/docs`)).status).toBe(404);
      const without = await serve({ pages: { pagePath: false } });
      expect([(await fetch(`${without}/docs`)).status, (await fetch(`${without}/openapi.json`)).status]).toEqual([404, 200]);
    });

    it('are made again when routes were added, and not before', async () => {
      const plain = [{ method: 'GET', path: '/a' }];
      const ask = vi.fn(() => plain);
      const url = await serve({ pages: { plainRoutes: ask } });
      const paths = async () => Object.keys(((await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument).paths);
      const etag = async () => (await fetch(`${url}/openapi.json`, { method: 'HEAD' })).headers.get('etag');
      expect(ask).not.toHaveBeenCalled();
      expect(await paths()).toEqual(['/orders/{id}', '/orders', '/a']);
      const before = await etag();
      expect(await etag()).toBe(before);
      plain.push({ method: 'GET', path: '/b' });
      expect(await paths()).toContain('/b');
      plain[1] = { method: 'GET', path: '/c' };
      expect(await paths()).toEqual(['/orders/{id}', '/orders', '/a', '/c']);
      expect(await etag()).not.toBe(before);
    });

    it('tell a failure of theirs to the app', async () => {
      const url = await serve({
        pages: {
          plainRoutes: () => {
            throw new AppError('not now', { status: 503 });
          },
        },
      });
      expect((await fetch(`${url}/openapi.json`)).status).toBe(503);
      expect((await fetch(`${url}/docs`)).status).toBe(200);
    });

    it('describe what is really answered', async () => {
      const url = await serve();
      const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument;
      const schemaOf = createJudge(document);
      const { responses } = (document.paths['/orders/{id}'] as { get: Operation }).get;
      const problems = async (path: string, status: string) => {
        const response = responses[status] as { $ref?: string; content?: unknown };
        const { content } = (
          response.$ref === undefined ? response : document.components.responses[response.$ref.split('/').at(-1) as string]
        ) as {
          content: Record<string, { schema: object }>;
        };
        return schemaOf(content['application/json']?.schema as object)(await (await fetch(url + path)).json());
      };
      expect(await problems('/orders/7', '200')).toEqual([]);
      expect(await problems('/orders/x', '200')).not.toEqual([]);
      expect(await problems('/orders/x', '400')).toEqual([]);
      expect(await problems('/orders/410', '410')).toEqual([]);
      expect(await problems('/orders/404', 'default')).toEqual([]);
      expect(await problems('/orders/404', '410')).not.toEqual([]);
      expect((await fetch(`${url}/orders`)).headers.get('content-type')).toContain('application/x-ndjson');
    });
  },
);

describe('the pages of an Express app', () => {
  it('may be mounted below a path', async () => {
    const [, express] = expresses[0] as (typeof expresses)[number];
    const app = express();
    app.use('/internal', openApiPages({ info: INFO, routes: table, log }) as never);
    const { url } = await listen(app);
    expect((await fetch(`${url}/internal/docs`)).status).toBe(200);
    expect((await fetch(`${url}/internal/docs/`)).url).toBe(`${url}/internal/docs`);
    expect((await fetch(`${url}/docs`)).status).toBe(404);
  });

  it.each([
    [{ documentPath: '/docs' }, /same path/],
    [{ documentPath: 'docs' }, /"documentPath"/],
    [{ pagePath: '/a/../b' }, /"pagePath"/],
    [{ pagePath: '/"><script>' }, /"pagePath"/],
    [{ access: [] }, /"access"/],
    [{ access: 'nobody' }, /"access"/],
    [{ access: [7] }, /"access"/],
    [{ paths: {} }, /Unknown option "paths"/],
  ])('refuse %j', (options, message) => {
    expect(() => openApiPages({ info: INFO, ...options } as never)).toThrow(message);
    expect(() => openApiPages({ info: INFO, ...options } as never)).toThrow(
      expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }),
    );
  });
});

/** As written: `fetch` tidies paths up. */
function raw(url: string, path: string): Promise<{ status: number | undefined }> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: new URL(url).port, path }, (response) => {
        response.resume();
        resolve({ status: response.statusCode });
      })
      .once('error', reject);
  });
}
