import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { authenticate, authorize, createTokens, serviceCallers } from '@express-micro/http';
import express from 'express';
import expressMicro, { type Micro } from 'express-micro';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const closers: (() => unknown)[] = [];
beforeEach(() => vi.stubEnv('EXPRESS_DISCOVERY_KEY', 'the-key-of-service-callers'));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
});

async function member(
  serviceName: string,
  peers: readonly string[],
  declare: (app: express.Express, micro: Micro) => void,
  options: object,
) {
  const app = express();
  const micro = expressMicro(app, { serviceName, peers, log: false, ...options });
  declare(app, micro);
  app.use(((error, _req, res, _next) => {
    res.status(error.status).json({ code: error.code });
  }) as express.ErrorRequestHandler);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => micro.close());
  return { micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each([
  ['with tokens of callers', {}],
  ['with signed calls', { enableHmac: true }],
])('services of a mesh, %s', (_how, options) => {
  it('are principals beside users, and strangers are neither', async () => {
    const tokens = createTokens({ secret: 'T7q0Zb3xv9Lw2MfYk6Rj8Hn4Pd1Gs5Cu-W_eXoQaBi', log: false });
    const stock = await member(
      'stock',
      [],
      (app, micro) => {
        const guard = [authenticate(tokens, serviceCallers({ roles: { orders: ['reserver'] } })), authorize('reserver')];
        app.get('/stock', ...guard, function getStock(req, res) {
          res.json({ who: req.principal, user: req.user ?? null });
        });
        app.get('/inner', micro.internal(), authenticate(serviceCallers()), function getInner(req, res) {
          res.json({ who: req.principal });
        });
      },
      options,
    );
    const names = ['orders', 'billing'];
    const [orders, billing] = await Promise.all(names.map((name) => member(name, [stock.url], () => {}, options)));
    await Promise.all([orders, billing].map((each) => each?.micro.ready({ services: ['stock'] })));
    expect(await orders?.micro.services.stock.getStock()).toEqual({
      who: { kind: 'service', id: 'orders', roles: ['reserver'], permissions: [] },
      user: null,
    });
    expect(await billing?.micro.services.stock.getInner()).toEqual({
      who: { kind: 'service', id: 'billing', roles: [], permissions: [] },
    });
    await expect(billing?.micro.services.stock.getStock()).rejects.toMatchObject({ status: 403 });
    const stranger = await fetch(`${stock.url}/stock`, { headers: { 'express-micro-caller': 'orders' } });
    expect(stranger.status).toBe(401);
    const user = await fetch(`${stock.url}/stock`, {
      headers: { authorization: `Bearer ${await tokens.issue({ sub: '1', roles: ['reserver'] })}` },
    });
    expect(await user.json()).toMatchObject({ who: { kind: 'user', id: '1' }, user: { id: '1' } });
  });
});
