import { createServer } from 'node:https';
import type { Log } from '@express-micro/core';
import Fastify, { type FastifyTypeProvider } from 'fastify';
import { expectTypeOf } from 'vitest';
import fastifyMicro, { type Micro, type RequestDeadline } from '../src/index.ts';
import { baseOptions, fastifyBase } from '../src/preset.ts';

declare module '../src/micro.ts' {
  interface Services {
    orderService: { getOrders(args: { userId: number }): Promise<{ id: number }[]> };
  }
}

interface OwnProvider extends FastifyTypeProvider {
  validator: this['schema'] extends { readonly type: 'object' } ? { readonly item: string } : unknown;
}

export async function uses(log: Log): Promise<void> {
  const app = Fastify(baseOptions({ level: 'info' }));
  await app.register(fastifyMicro, { serviceName: 'orders', peers: ['http://users:3000'], log });
  await app.register(fastifyMicro);
  await app.register(fastifyBase, { cors: { origins: '*' }, helmet: false });
  expectTypeOf(app.micro).toEqualTypeOf<Micro>();
  expectTypeOf(await app.micro.services.orderService.getOrders({ userId: 1 })).toEqualTypeOf<{ id: number }[]>();
  // @ts-expect-error a parameter that the service does not take so
  await app.micro.services.orderService.getOrders({ userId: '1' });
  // @ts-expect-error it is a member for good
  app.micro = undefined;

  // Hooks stand on routes of any type, and change none.
  app.get<{ Params: { id: string } }>(
    '/users/:id',
    { onRequest: [app.micro.internal(), app.micro.idempotent({ required: true })], config: { name: 'getUser' } },
    async (request) => {
      expectTypeOf(request.params).toEqualTypeOf<{ id: string }>();
      expectTypeOf(request.deadline).toEqualTypeOf<RequestDeadline | undefined>();
      expectTypeOf(request.signal).toEqualTypeOf<AbortSignal>();
      return app.micro.caller(request)?.service;
    },
  );
  app.get('/health/ready', app.micro.readiness());

  // Type providers go on inferring.
  const typed = app.withTypeProvider<OwnProvider>();
  typed.post('/orders', { schema: { body: { type: 'object' } as const }, preHandler: app.micro.internal() }, async (request) => {
    expectTypeOf(request.body).toEqualTypeOf<{ readonly item: string }>();
    return typed.micro.caller(request);
  });

  const secure = Fastify({ https: {} });
  await secure.register(fastifyMicro, { serviceName: 'secure' });
  secure.get('/who', { onRequest: secure.micro.internal() }, async (request) => secure.micro.caller(request));
  const own = Fastify({ serverFactory: (handler) => createServer(handler) as never });
  await own.register(fastifyMicro, {});
}
