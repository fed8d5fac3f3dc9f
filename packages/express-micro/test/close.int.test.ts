import http from 'node:http';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import expressMicro from '../src/index.ts';
import { onExpress, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

describe('E18: close()', () => {
  it('tells the others at once, serves on for a second, and ends within five', async () => {
    const stays = await startService('stays');
    const goes = await startService('goes', (app) => void app.get('/pens', (_req, res) => void res.json([])), {
      peers: [stays.url],
    });
    await stays.micro.ready({ services: ['goes'] });
    const startedAt = performance.now();
    const closed = goes.micro.close();
    await until(
      'the others to know',
      () => stays.micro.instances('goes'),
      (seen) => seen.length === 0,
    );
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect((await rawRequest(`${goes.url}/pens`)).status).toBe(200);
    await closed;
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await expect(rawRequest(`${goes.url}/pens`)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('lets what is under way end, and cuts off what does not', async () => {
    let release: () => void = () => {};
    let hasCome = false;
    const slow = await startService('slow', (app) => {
      app.get('/slow', (_req, res) => {
        release = () => void res.json('done');
      });
      app.get('/never', () => {
        hasCome = true;
      });
    });
    const answered = rawRequest(`${slow.url}/slow`);
    const never = rawRequest(`${slow.url}/never`).catch((error: Error) => error.message);
    await until('both requests to arrive', () => hasCome && release.toString().includes('json'), Boolean);
    const startedAt = performance.now();
    const closed = slow.micro.close();
    setTimeout(() => release(), 300);
    expect((await answered).body).toBe('"done"');
    await closed;
    expect(await never).toMatch(/hang up|ECONNRESET/);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('is one and the same for all who call it, also before anything listened', async () => {
    const { micro } = await startService('twice');
    const first = micro.close();
    expect(micro.close()).toBe(first);
    await first;
    const never = expressMicro(express(), { serviceName: 'never', log: false });
    await never.close();
    await expect(never.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
    await expect(never.services.other.getPens()).rejects.toMatchObject({
      code: 'MESH_CLOSED',
      message: expect.stringMatching(/^Service Unavailable: other/),
    });
  });

  // A Fastify app that was closed serves nobody again, and has one server.
  onExpress('gives the app back: afterwards it is an Express app like any other', async () => {
    const { app, micro } = await startService('plain', (given) => void given.get('/pens', (_req, res) => void res.json([1])));
    await micro.close();
    const server = http.createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as import('node:net').AddressInfo;
    expect((await rawRequest(`http://127.0.0.1:${port}/pens`)).body).toBe('[1]');
    expect((await rawRequest(`http://127.0.0.1:${port}/_discovery/services`)).status).toBe(404);
    server.close();
  });

  onExpress(
    'a server that the app closes itself is a good-bye for now: it is DOWN at once, and UP when it listens again',
    async () => {
      const stays = await startService('stays');
      const goes = await startService('goes', (app) => void app.get('/pens', (_req, res) => void res.json([1])), {
        peers: [stays.url],
      });
      await stays.micro.ready({ services: ['goes'] });
      goes.server.close();
      goes.server.closeAllConnections();
      const down = await until(
        'DOWN',
        () => stays.micro.instances('goes'),
        (seen) => seen.every(({ status }) => status === 'DOWN'),
        1_000,
      );
      goes.app.listen(0, '127.0.0.1');
      const up = await until(
        'UP',
        () => stays.micro.instances('goes'),
        (seen) => seen.every(({ status }) => status === 'UP'),
        5_000,
      );
      expect(up[0]?.id).toBe(down[0]?.id);
      expect(await stays.micro.services.goes.getPens()).toEqual([1]);
    },
  );

  onExpress('servers that a test starts for one request each do not matter', async () => {
    const app = (await startService('tested', (given) => void given.get('/pens', (_req, res) => void res.json([1])))).app;
    const other = await startService('other', () => {}, {});
    for (let i = 0; i < 5; i++) {
      const server = app.listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as import('node:net').AddressInfo;
      expect((await rawRequest(`http://127.0.0.1:${port}/pens`)).body).toBe('[1]');
      await new Promise((resolve) => server.close(resolve));
    }
    expect(other.micro.routes()).toEqual([]);
  });
});
