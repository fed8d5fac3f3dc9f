import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LevelHeaderOptions, type Logger, observability } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';
import { afterEach, expect, it } from 'vitest';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

type Line = readonly [level: string, message: string, fields: Record<string, unknown>];

async function start(
  serviceName: string,
  declare: (app: express.Express, logger: Logger | undefined) => void,
  options: { peers?: string[]; log?: Line[]; level?: 'info' | 'debug'; levelHeader?: LevelHeaderOptions } = {},
) {
  const { peers = [], log, level = 'debug', levelHeader } = options;
  const app = express();
  // A logger that takes texts gets the fields as JSON behind them.
  const write = (level: string) => (text: string) => {
    const at = text.indexOf(' {');
    log?.push([level, at < 0 ? text : text.slice(0, at), at < 0 ? {} : JSON.parse(text.slice(at + 1))]);
  };
  const logger = {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    debug: write('debug'),
    trace: write('trace'),
  };
  const observed =
    log &&
    observability(app, {
      logger: { logger, level },
      levelHeader,
      accessLog: false,
      metrics: false,
      health: false,
      shutdown: false,
    });
  const micro = expressMicro(app, {
    serviceName,
    peers,
    pingInterval: 1_000,
    log: false,
    bulkhead: false,
    ejection: { consecutiveFailures: 2 },
  });
  declare(app, observed?.logger);
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(async () => {
    await micro.close();
    await observed?.close();
  });
  return { micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

it('what the mesh does is in the log of the app, with the request that it happens for', async () => {
  const log: Line[] = [];
  const broken = await start('stock', (app) => app.get('/pens', (req) => void req.socket.destroy()));
  const good = await start('stock', (app) => app.get('/pens', (_req, res) => void res.json([])), { peers: [broken.url] });
  const shop = await start(
    'shop',
    (app) =>
      app.get('/pens', async (_req, res) => {
        res.json(await shop.micro.services.stock.getPens());
      }),
    { peers: [broken.url, good.url], log },
  );
  await shop.micro.ready({ services: ['stock'] });
  const seen = (message: string) => log.filter(([, one]) => one === message);
  const endsAt = performance.now() + 15_000;
  while (seen('Instance ejected').length === 0 && performance.now() < endsAt)
    await fetch(`${shop.url}/pens`, { headers: { 'x-request-id': 'r-1' } });
  expect(seen('Service found')[0]).toMatchObject([
    'info',
    'Service found',
    { peer: 'stock', url: expect.stringMatching(/^http:/) },
  ]);
  expect(seen('Call retried')[0]).toMatchObject([
    'debug',
    'Call retried',
    { peer: 'stock', function: 'getPens', requestId: 'r-1' },
  ]);
  expect(seen('Instance ejected')[0]).toMatchObject([
    'warn',
    'Instance ejected',
    { peer: 'stock', reason: expect.any(String), forMs: expect.any(Number), requestId: 'r-1' },
  ]);
  await Promise.all(running.splice(0).map((stop) => stop()));
  expect(seen('Leaving the mesh').map(([, , { phase }]) => phase)).toEqual(['leaving', 'closing', 'closed']);
});

it('a service that is allowed to may have one of its calls told in detail, and nobody else', async () => {
  const log: Line[] = [];
  const stock = await start(
    'stock',
    (app, logger) =>
      app.get('/pens/:id', (req, res) => {
        logger?.debug('looked up', { id: req.params.id });
        res.json([]);
      }),
    { log, level: 'info', levelHeader: { callers: ['gateway'] } },
  );
  for (const name of ['gateway', 'shop']) {
    const { micro } = await start(name, () => {}, { peers: [stock.url] });
    await micro.ready({ services: ['stock'] });
    await micro.services.stock.getPen({ id: `plain-${name}` });
    await micro.services.stock.getPen({ id: `raised-${name}` }, { headers: { 'x-log-level': 'debug' } });
  }
  await fetch(`${stock.url}/pens/raised-stranger`, { headers: { 'x-log-level': 'debug' } });
  expect(log.filter(([, message]) => message === 'looked up').map(([, , { id }]) => id)).toEqual(['raised-gateway']);
});
