import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog } from '@express-micro/core';
import fastifyMicro from '@express-micro/fastify';
import { AppError, errorHandler, mountRoutes, route, routes } from '@express-micro/http';
import { fastifyRoutes } from '@express-micro/http/fastify';
import type { ServicesOf } from '@express-micro/mesh';
import express from 'express';
import expressMicro, { type Micro } from 'express-micro';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type App, expresses } from './apps.test-support.ts';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const started: string[] = [];
let whenAborted: (reason: unknown) => void = () => {};

const orderRoutes = routes({
  findOrders: route(
    {
      method: 'GET',
      path: '/users/:userId/orders',
      params: z.object({ userId: z.number() }),
      query: z.object({ limit: z.number().default(20), since: z.coerce.date().optional(), tags: z.array(z.string()).optional() }),
      response: z.array(
        z.object({ userId: z.number(), limit: z.number(), since: z.date().optional(), tags: z.array(z.string()).optional() }),
      ),
    },
    ({ params, query }) => [{ ...params, ...query }],
  ),
  placeOrder: route(
    {
      method: 'POST',
      path: '/orders',
      body: z.object({ sku: z.string() }),
      errors: { OUT_OF_STOCK: { status: 409, data: z.object({ sku: z.string() }) } },
    },
    ({ body, errors, requestId }) => {
      if (body.sku === 'none') throw errors.OUT_OF_STOCK({ sku: body.sku });
      return { requestId };
    },
  ),
  defect: route({ method: 'GET', path: '/defect' }, () => {
    throw new Error('the inside of it');
  }),
  wait: route({ method: 'GET', path: '/wait' }, async ({ signal, requestId }) => {
    started.push(requestId);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    whenAborted(signal.reason);
    // Whether the caller's own time or an answer came first would be chance.
    await new Promise(() => {});
  }),
});

interface Declared {
  orderService: typeof orderRoutes & { getPlain(): Promise<unknown> };
}

const running: (() => Promise<unknown>)[] = [];

async function start(
  app: App,
  serviceName: string,
  transport: 'auto' | 'http',
  peers: string[],
): Promise<{ micro: Micro; url: string }> {
  const micro = expressMicro(app, { serviceName, peers, transport, pingInterval: 1_000, log: false });
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push(() => micro.close());
  return { micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

type Way = 'auto' | 'http';

const gone = () => new AppError('Gone', { status: 410, code: 'GONE', data: { since: 1 } });

/** The service whose contracts are called, below `/api`; and a route that is none. */
const hosts: readonly (readonly [string, (transport: Way) => Promise<string>])[] = [
  ...expresses.map(([name, expressOf]): (typeof hosts)[number] => [
    name,
    async (transport) => {
      const app = expressOf();
      const router = expressOf.Router();
      mountRoutes(router, orderRoutes);
      router.get('/plain', () => {
        throw gone();
      });
      app.use('/api', router);
      app.use(errorHandler({ log: silentLog }));
      return (await start(app, 'order-service', transport, [])).url;
    },
  ]),
  [
    'Fastify',
    async (transport) => {
      const app = Fastify();
      await app.register(fastifyMicro, { serviceName: 'order-service', transport, pingInterval: 1_000, log: false });
      await app.register(fastifyRoutes(orderRoutes, { errors: { log: silentLog } }), { prefix: '/api' });
      app.get('/api/plain', async () => {
        throw gone();
      });
      running.push(() => app.close());
      return app.listen({ port: 0, host: '127.0.0.1' });
    },
  ],
];

/** All services of this test live in one process, where calls need no link: shut, the doors let them use one. */
function shutDoors(): () => void {
  const doors = (globalThis as Record<symbol, unknown>)[Symbol.for('express-micro.doors.1')] as Map<string, unknown>;
  const open = [...doors];
  doors.clear();
  return () => {
    for (const [id, door] of open) doors.set(id, door);
  };
}

describe.each(hosts)('contracts called from another service, served by %s', (_name, serve) => {
  describe.each(['link', 'http', 'the process itself'] as const)('over %s', (way) => {
    const transport = way === 'http' ? 'http' : 'auto';
    const id = `id-${transport}`;
    let services: ServicesOf<Declared>;
    let caller: Micro;
    let openDoors = () => {};

    beforeAll(async () => {
      const url = await serve(transport);
      ({ micro: caller } = await start(express(), 'user-service', transport, [url]));
      await caller.ready();
      services = caller.services as ServicesOf<Declared>;
      if (way === 'link') openDoors = shutDoors();
      // The first calls go over HTTP, and open the link.
      while (way === 'link' && caller.counters().attemptsOverLink === 0) await services.orderService.findOrders({ userId: 1 });
    });
    afterAll(async () => {
      openDoors();
      await Promise.all(running.splice(0).map((stop) => stop()));
    });

    it('the name of a contract is the name of the function, and arguments arrive as their schemas say', async () => {
      const since = new Date(1_000);
      const orders = await services.orderService.findOrders({ userId: 7, limit: 5, since, tags: ['a'] });
      expect(orders).toEqual([{ userId: 7, limit: 5, since: since.toISOString(), tags: ['a'] }]);
      expect(Object.keys(services.orderService)).toContain('placeOrder');
    });

    it('the whole response, from arguments taken apart', async () => {
      const { data, status } = await services.orderService.findOrders.request({ params: { userId: 7 } });
      expect([status, data]).toEqual([200, [{ userId: 7, limit: 20 }]]);
    });

    it('a declared error crosses the wire with its code and data', async () => {
      const { orderService } = services;
      const error = await orderService.placeOrder({ sku: 'none' }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 409 });
      const known = orderService.placeOrder.errorOf(error);
      expect(known).toEqual({ code: 'OUT_OF_STOCK', status: 409, message: 'Out of stock', data: { sku: 'none' } });
      if (known?.code === 'OUT_OF_STOCK') expect(known.data.sku).toBe('none');
    });

    it('the code of a request that is not valid was not declared: it is in the data of the error', async () => {
      const error = await services.orderService.placeOrder({ sku: 5 as unknown as string }).catch((caught: unknown) => caught);
      expect(services.orderService.placeOrder.errorOf(error)).toBeUndefined();
      expect(error).toMatchObject({ status: 400, data: { code: 'VALIDATION_FAILED', errors: [{ field: 'sku' }] } });
    });

    it('nothing but the answer of this very function counts', async () => {
      const { orderService } = services;
      const error = await orderService.placeOrder({ sku: 'none' }).catch((caught: unknown) => caught);
      expect(orderService.findOrders.errorOf(error)).toBeUndefined();
      expect(services.userService.placeOrder.errorOf(error)).toBeUndefined();
      expect(services['order-service'].placeOrder.errorOf(error)).toMatchObject({ code: 'OUT_OF_STOCK' });
      expect(orderService.placeOrder.errorOf(new Error('mine'))).toBeUndefined();
      expect(orderService.placeOrder.errorOf(undefined)).toBeUndefined();
      // What broke there has a code like all others, and nothing more.
      const defect = await orderService.defect().catch((caught: unknown) => caught);
      expect(orderService.defect.errorOf(defect)).toBeUndefined();
      expect(defect).toMatchObject({ status: 500, data: { code: expect.any(String) } });
      // Of a route that is no contract nobody has said which errors there are.
      const plain = await orderService.getPlain().catch((caught: unknown) => caught);
      expect(orderService.getPlain.errorOf(plain)).toMatchObject({ code: 'GONE', status: 410, data: { since: 1 } });
      const unreached = await services.nobody.f().catch((caught: unknown) => caught);
      expect(services.nobody.f.errorOf(unreached)).toBeUndefined();
    });

    it('the request id travels, and the signal ends with the caller’s time', async () => {
      const headers = { 'x-request-id': id };
      expect(await services.orderService.placeOrder({ sku: 'pen' }, { headers })).toEqual({ requestId: id });
      const aborted = new Promise<unknown>((resolve) => (whenAborted = resolve));
      const call = services.orderService.wait(undefined, { timeoutMs: 300, headers });
      await expect(call).rejects.toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
      expect(await aborted).toBeInstanceOf(Error);
      expect(started.at(-1)).toBe(id);
    });
  });
});
