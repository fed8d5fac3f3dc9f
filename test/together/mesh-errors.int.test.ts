import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, asyncHandler, ConflictError, errorHandler, jsonBody, passOn } from '@express-micro/http';
import express5 from 'express';
import expressMicro, { type ExpressMicroOptions, type Micro } from 'express-micro';
import { afterEach, describe, expect, it } from 'vitest';
import { type App, ask, expresses } from './apps.test-support.ts';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

async function start(
  serviceName: string,
  declare: (app: App, micro: Micro) => void,
  { express = express5, ...options }: ExpressMicroOptions & { express?: typeof express5 } = {},
) {
  const logged: string[] = [];
  const log = { info: () => {}, warn: () => {}, error: (line: string) => void logged.push(line) };
  const app = express();
  const micro = expressMicro(app, { serviceName, pingInterval: 1_000, log, ...options });
  declare(app, micro);
  const server = await new Promise<http.Server>((resolve) => {
    const started = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  running.push(() => micro.close());
  return { micro, logged, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each(expresses)('errors in a mesh on %s', (_name, express) => {
  it('without an error handler an AppError is answered with its own status, and a defect with nothing of it', async () => {
    const { url, logged } = await start(
      'orders',
      (app) => {
        app.get('/taken', (_req, res, next) => {
          res.set({ 'content-security-policy': "default-src 'none'", 'content-disposition': 'attachment' });
          next(
            new ConflictError('Taken', {
              code: 'TAKEN',
              data: { sku: 'a' },
              headers: { 'retry-after': '3', 'content-length': '1' },
            }),
          );
        });
        app.get('/circle', (_req, _res, next) => {
          const data: Record<string, unknown> = {};
          data.self = data;
          next(new AppError('Odd', { status: 422, data }));
        });
        app.get('/defect', (_req, _res, next) =>
          next(new AppError('secret text', { status: 404, code: 'SECRET', isOperational: false })),
        );
      },
      { express },
    );
    const taken = await ask(`${url}/taken`);
    expect([taken.status, JSON.parse(taken.text)]).toEqual([
      409,
      { status: 'error', message: 'Taken', code: 'TAKEN', data: { sku: 'a' }, requestId: taken.headers['x-request-id'] },
    ]);
    expect(taken.headers).toMatchObject({ 'content-security-policy': "default-src 'none'", 'retry-after': '3' });
    expect(taken.headers['content-disposition']).toBeUndefined();
    expect([(await ask(`${url}/circle`)).status, logged]).toEqual([422, []]);
    const defect = await ask(`${url}/defect`);
    expect([defect.status, JSON.parse(defect.text)]).toEqual([500, { error: 'Internal Server Error', code: 'INTERNAL' }]);
    expect(logged).toEqual([expect.stringContaining('secret text')]);
  });

  it.each(['link', 'http'] as const)(
    "by errorHandler, over %s, another service's answer is not ours unless that is said",
    async (transport) => {
      const way = { express, ...(transport === 'http' ? { transport } : {}) };
      const orders = await start(
        'orders',
        (app) => {
          app.get('/missing', (_req, _res, next) =>
            next(new AppError('No order 7', { status: 404, code: 'NO_ORDER', data: { id: 7 } })),
          );
          app.get('/busy', (_req, res) => void res.status(429).set('retry-after', '9').json({}));
          app.post('/orders', jsonBody(), (req, res) => void res.status(201).json(req.body));
          app.use(errorHandler());
        },
        { ...way, enableHmac: true },
      );
      const shop = await start(
        'shop',
        (app, micro) => {
          const { services } = micro;
          app.get(
            '/missing',
            asyncHandler(async () => services.orders.getMissing()),
          );
          app.get(
            '/passed',
            asyncHandler(() =>
              services.orders.getMissing().catch((error: unknown) => {
                throw passOn(error);
              }),
            ),
          );
          app.get(
            '/busy',
            asyncHandler(async () => services.orders.getBusy({}, { timeoutMs: 1_000 })),
          );
          app.get(
            '/nobody',
            asyncHandler(async () => services.nobody.getAnything()),
          );
          app.get(
            '/late',
            asyncHandler(async () => services.shop.getForever({}, { timeoutMs: 50 })),
          );
          app.get('/forever', () => {});
          app.get(
            '/wrong',
            asyncHandler(async () => services.orders.getNothing()),
          );
          app.post(
            '/orders',
            jsonBody(),
            asyncHandler(async (req, res) => void res.json(await services.orders.createOrder(req.body as object))),
          );
          app.use(errorHandler({ log: { info: () => {}, warn: () => {}, error: () => {} }, showMessage: false }));
        },
        { ...way, enableHmac: true, peers: [orders.url] },
      );
      await shop.micro.ready();
      const get = async (path: string) => {
        const answer = await ask(`${shop.url}${path}`, { headers: { 'x-request-id': 'my-id' } });
        return { ...answer, json: JSON.parse(answer.text) as Record<string, unknown> };
      };
      expect(await get('/missing')).toMatchObject({
        status: 502,
        json: { status: 'error', message: 'Bad Gateway', code: 'MESH_REMOTE_STATUS', requestId: 'my-id' },
      });
      expect(await get('/passed')).toMatchObject({
        status: 404,
        json: { message: 'No order 7', code: 'NO_ORDER', data: { id: 7 }, requestId: 'my-id' },
      });
      expect(await get('/busy')).toMatchObject({ status: 429, headers: { 'retry-after': '9' } });
      expect(await get('/nobody')).toMatchObject({ status: 503, json: { code: 'MESH_SERVICE_UNAVAILABLE' } });
      expect(await get('/late')).toMatchObject({ status: 504, json: { code: 'MESH_DEADLINE_EXCEEDED' } });
      expect(await get('/wrong')).toMatchObject({ status: 500, json: { code: 'INTERNAL', message: 'Internal Server Error' } });
      // A body that is signed, read by us on both sides.
      const order = { items: [{ sku: 'a', text: 'x'.repeat(10_000) }] };
      const made = await fetch(`${shop.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      });
      expect([made.status, await made.json()]).toEqual([200, order]);
    },
  );
});
