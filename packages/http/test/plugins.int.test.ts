import { connect } from 'node:net';
import { offerPart, type ShutdownPart } from '@express-micro/core';
import { request } from 'undici';
import { describe, expect, it, vi } from 'vitest';
import { analyticsPlugin, createPlugins, definePlugin, ForbiddenError, type HttpRequest, rateLimitPlugin } from '../src/index.ts';
import { recordedLog } from '../src/manual-clock.test-support.ts';
import { EXPRESSES, HOSTS, listen } from './hosts.test-support.ts';

interface Events {
  readonly trackingId: string;
  readonly events: readonly { readonly name: string; readonly data: Readonly<Record<string, unknown>> }[];
}
const eventsOf = async (url: string) => (await (await fetch(`${url}/analytics/events`)).json()) as Events;

describe.each(EXPRESSES)('plugins on Express $version', ({ express }) => {
  it('analytics records requests and what is tracked, but not what is excluded, nor the query', async () => {
    const app = express();
    const analytics = createPlugins(app).registerPlugin('analytics', analyticsPlugin, {
      trackingId: 'shop-1',
      excludePaths: ['/health', '/assets/*'],
    });
    app.get('/orders/:id', (_req, res) => {
      analytics.track('order seen', { id: 7 });
      res.status(201).send('order');
    });
    const url = await listen(app);
    for (const path of ['/health', '/assets/a.js', '/orders/7?token=secret', '/none']) await fetch(url + path);
    await vi.waitFor(() => expect(analytics.events()).toHaveLength(3));
    const { trackingId, events } = await eventsOf(url);
    expect(trackingId).toBe('shop-1');
    expect(events.map(({ name, data }) => [name, data.path ?? data.id, data.status])).toEqual([
      ['order seen', 7, undefined],
      ['request', '/orders/7', 201],
      ['request', '/none', 404],
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
    expect(events[1]).toMatchObject({
      trackingId: 'shop-1',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { method: 'GET', durationMs: expect.any(Number) },
    });
  });

  it('analytics keeps the last events only, and refuses data that is too large', async () => {
    const app = express();
    const analytics = createPlugins(app).registerPlugin('analytics', analyticsPlugin, { trackingId: 'a', maxEvents: 3 });
    for (let i = 0; i < 10; i++) analytics.track(`event ${i}`, { i });
    expect(analytics.events().map(({ data }) => data.i)).toEqual([7, 8, 9]);
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    for (const data of [circle, { text: 'x'.repeat(3_000) }, 5, []])
      expect(() => analytics.track('x', data as never)).toThrow('it takes an object');
    expect(() => analytics.track('')).toThrow('as a name');
    const url = await listen(app);
    await fetch(`${url}/${'x'.repeat(5_000)}`);
    await vi.waitFor(() => expect(analytics.events().at(-1)?.name).toBe('request'));
    expect(String(analytics.events().at(-1)?.data.path)).toHaveLength(256);
  });

  it('rate-limit limits every request and shows where a caller stands', async () => {
    const app = express();
    const limits = createPlugins(app).registerPlugin('rate-limit', rateLimitPlugin, { limit: 2, windowMs: 60_000 });
    app.get('/', (_req, res) => void res.send('ok'));
    const url = await listen(app);
    const status = async () => (await (await fetch(`${url}/rate-limit/status`)).json()) as object;
    expect(await status()).toMatchObject({ limit: 2, used: 0, remaining: 2, isLimited: false });
    expect([(await fetch(url)).status, (await fetch(url)).status, (await fetch(url)).status]).toEqual([200, 200, 429]);
    expect(await status()).toMatchObject({ used: 2, remaining: 0, isLimited: true });
    expect(await (await fetch(`${url}/rate-limit/status?caller=203.0.113.7`)).json()).toMatchObject({ used: 0 });
    await limits.reset('127.0.0.1');
    expect(await status()).toMatchObject({ used: 0 });
  });

  it('both tell nothing to who comes through a proxy, or is not let in by the guard', async () => {
    const app = express();
    const plugins = createPlugins(app);
    plugins.registerPlugin('analytics', analyticsPlugin, { trackingId: 'a' });
    plugins.registerPlugin('rate-limit', rateLimitPlugin, {
      guard: (req: HttpRequest, _res: unknown, next: (error?: unknown) => void) =>
        next(req.headers['x-admin'] === 'yes' ? undefined : new ForbiddenError()),
    });
    const url = await listen(app);
    const status = (path: string, headers: Record<string, string> = {}) =>
      fetch(url + path, { headers }).then((answer) => answer.status);
    expect(await status('/analytics/events')).toBe(200);
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])
      expect(await status('/analytics/events', { [name]: '1.2.3.4' })).toBe(403);
    // As proxies do that leave no header of their own: a name of the outside, or the version of HTTP that they speak by default.
    const raw = (host: string, version: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
          socket.write(`GET /analytics/events HTTP/${version}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        });
        let text = '';
        socket.on('data', (part) => (text += part));
        socket.on('close', () => resolve(text.slice(9, 12)));
      });
    for (const host of [
      'shop.example',
      'shop.example:80',
      '127.0.0.1.evil.example',
      'localhost.evil',
      '',
      'localhost:x',
      'a@localhost',
    ])
      expect([host, await raw(host, '1.1')]).toEqual([host, '403']);
    for (const host of ['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.8.9.1:3000', '[::1]', '[::1]:3000'])
      expect([host, await raw(host, '1.1'), await raw(host, '1.0')]).toEqual([host, '200', '403']);
    expect(await status('/rate-limit/status')).toBe(403);
    expect(await status('/rate-limit/status', { 'x-admin': 'yes' })).toBe(200);
    expect(await status('/analytics/other')).toBe(404);
  });

  it('encapsulates: what is not global sees its own path only, with its prefix taken off', async () => {
    const app = express();
    const seen: string[] = [];
    const note = (req: HttpRequest & { baseUrl?: string }, _res: unknown, next: () => void) => {
      seen.push(`${req.baseUrl}|${req.url}|${req.originalUrl}`);
      next();
    };
    const router = express.Router();
    router.get('/hello/:name', (req, res) => void res.send(`hello ${req.params.name} at ${req.baseUrl}`));
    router.get('/next', (_req, _res, next) => next('router'));
    createPlugins(app).registerPlugin(
      'greeting',
      definePlugin({ create: () => ({ api: {}, prefix: '/v1/greeting/', middleware: note, routes: router }) }),
    );
    app.get(/.*/, (req, res) => void res.send(`app ${req.url} ${req.baseUrl}`));
    const url = await listen(app);
    const get = (path: string) => fetch(url + path).then((answer) => answer.text());
    expect(await get('/v1/greeting/hello/ada')).toBe('hello ada at /v1/greeting');
    expect(await get('/v1/greeting/none?x=1')).toBe('app /v1/greeting/none?x=1 ');
    expect(await get('/v1/greeting/next')).toBe('app /v1/greeting/next ');
    expect(await get('/v1/greetings')).toBe('app /v1/greetings ');
    expect(await get('/v1/greeting?y=2')).toBe('app /v1/greeting?y=2 ');
    expect(seen).toEqual([
      '/v1/greeting|/hello/ada|/v1/greeting/hello/ada',
      '/v1/greeting|/none?x=1|/v1/greeting/none?x=1',
      '/v1/greeting|/next|/v1/greeting/next',
      '/v1/greeting|/?y=2|/v1/greeting?y=2',
    ]);
  });

  it('start when the app listens, and stop with its shutdown', async () => {
    const app = express();
    const done: string[] = [];
    createPlugins(app).registerPlugin(
      'db',
      definePlugin({ create: () => ({ api: {}, start: () => done.push('start'), stop: () => done.push('stop') }) }),
    );
    const registered: [string, () => unknown][] = [];
    const shutdown: ShutdownPart = {
      register: (name, close) => {
        registered.push([name, close]);
        return () => {};
      },
    };
    offerPart(app, 'shutdown', shutdown);
    expect(done).toEqual([]);
    await listen(app);
    await vi.waitFor(() => expect(done).toEqual(['start']));
    expect(registered.map(([name]) => name)).toEqual(['plugins']);
    await registered[0]?.[1]();
    expect(done).toEqual(['start', 'stop']);
  });

  it('that do not start say so in the log, and requests are answered with 503', async () => {
    const app = express();
    const log = recordedLog();
    createPlugins(app, { log }).registerPlugin('shop', definePlugin({ dependsOn: ['auth'], create: () => ({ api: {} }) }));
    const url = await listen(app);
    expect((await fetch(url)).status).toBe(503);
    expect(log.lines).toEqual([expect.stringContaining('error: Plugin "shop" depends on "auth"')]);
  });

  it('takes a path that climbs for what it is', async () => {
    const app = express();
    createPlugins(app).registerPlugin('analytics', analyticsPlugin, { trackingId: 'a' });
    const url = await listen(app);
    for (const path of ['/x/../analytics/events', '/%61nalytics/events', '//analytics/events']) {
      const { statusCode, body } = await request(`${url}${path}`, { headers: { via: 'proxy' } });
      await body.text();
      expect([403, 404]).toContain(statusCode);
    }
  });
});

it.each(HOSTS)('plugins stand in $host by their middleware, too', async ({ serve }) => {
  const plugins = createPlugins();
  plugins.registerPlugin('analytics', analyticsPlugin, { trackingId: 'raw' });
  await plugins.start();
  const url = await serve([plugins.middleware], (_req, res) => res.end('ok'));
  expect(await (await fetch(`${url}/x`)).text()).toBe('ok');
  await vi.waitFor(async () => expect((await eventsOf(url)).events.map(({ data }) => data.path)).toEqual(['/x']));
});

it('the plugins say what options they take', () => {
  const plugins = createPlugins();
  expect(() => plugins.registerPlugin('analytics', analyticsPlugin, {} as never)).toThrow(
    /Option "trackingId" of plugin "analytics"/,
  );
  expect(() => plugins.registerPlugin('analytics', analyticsPlugin, { trackingId: 'a', excludePaths: ['x'] })).toThrow(
    'begin with "/"',
  );
  expect(() => plugins.registerPlugin('rate-limit', rateLimitPlugin, { guard: 'admin' as never })).toThrow(
    'Option "guard" of plugin "rate-limit"',
  );
});
