import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import fastifyMicro from '../src/index.ts';

process.env.EXPRESS_DISCOVERY_KEY ??= 'some-key-of-a-test-that-is-long';
describe('try', () => {
  it('calls', async () => {
    const users = Fastify();
    users.register(fastifyMicro, { serviceName: 'user-service', pingInterval: 1000 });
    users.get('/users/:id', async function getUser(request) {
      return { id: (request.params as { id: string }).id, caller: users.micro.caller(request), rid: request.id };
    });
    await users.listen({ port: 0, host: '127.0.0.1' });
    const url = users.listeningOrigin;
    const orders = Fastify();
    await orders.register(fastifyMicro, { serviceName: 'order-service', peers: [url], pingInterval: 1000 });
    orders.get('/orders/:userId', async (request) => orders.micro.services.userService.getUser({ id: (request.params as { userId: string }).userId }));
    await orders.listen({ port: 0 });
    await orders.micro.ready();
    console.log(users.micro.routes(), orders.micro.instances());
    console.log(await orders.micro.services.userService.getUser({ id: 7 }));
    console.log(await (await fetch(`${orders.listeningOrigin}/orders/5`, { headers: { 'x-request-id': 'abc' } })).json());
    console.log((await orders.inject({ url: '/orders/6', headers: { 'x-request-id': 'abd' } })).json());
    console.log((await orders.inject({ url: '/_discovery/services' })).statusCode);
    console.log(orders.micro.counters());
    await Promise.all([orders.close(), users.close()]);
    expect(1).toBe(1);
  });
});
