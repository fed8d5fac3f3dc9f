import { setTimeout as wait } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import fastifyMicro from '../src/index.ts';
import { ends, start, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

const pens = (app: Awaited<ReturnType<typeof start>>['app']) => void app.get('/pens', () => ['blue']);

describe('app.close()', () => {
  it('leaves first: the others hear it at once, and for a second they are served as ever', async () => {
    const stays = await start('stays');
    const hooks: string[] = [];
    const goes = await start(
      'goes',
      (app) => {
        pens(app);
        app.addHook('preClose', async () => void hooks.push('preClose'));
        app.addHook('onClose', async () => void hooks.push('onClose'));
      },
      { peers: [stays.url] },
    );
    await stays.app.micro.ready({ services: ['goes'] });
    const left = new Promise<string>((resolve) => stays.app.micro.on('down', resolve));
    const closed = goes.app.close();
    expect(await left).toBe('goes');
    expect([goes.app.micro.isReady(), hooks]).toEqual([false, []]);
    // Fastify itself answers 503 from the first moment of its close() on.
    const statuses = new Set<number>();
    const endsAt = performance.now() + 400;
    while (performance.now() < endsAt) statuses.add((await fetch(`${goes.url}/pens`)).status);
    expect([...statuses]).toEqual([200]);
    await closed;
    expect(hooks).toEqual(['preClose', 'onClose']);
    await expect(fetch(`${goes.url}/pens`)).rejects.toThrow('fetch failed');
    await expect(goes.app.micro.services.stays.getAnything()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });

  it('waits for what is under way, and cuts off what does not end', async () => {
    let release: () => void = () => {};
    let hasCome: () => void = () => {};
    const slow = await start('slow', (app) => {
      app.get('/slow', () => new Promise((resolve) => (release = () => resolve('done'))));
      app.get('/never', () => new Promise(() => hasCome()));
    });
    const came = new Promise<void>((resolve) => (hasCome = resolve));
    const answered = fetch(`${slow.url}/slow`).then((response) => response.text());
    const never = fetch(`${slow.url}/never`).then(
      () => 'answered',
      () => 'cut',
    );
    await came;
    const startedAt = performance.now();
    const closed = slow.app.close();
    await wait(200);
    release();
    expect([await answered, await never]).toEqual(['done', 'cut']);
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('is what micro.close() does, in every form that Fastify has of it, and once', async () => {
    let closed = 0;
    const make = async () => {
      let isClosed: () => void = () => {};
      const hooks = new Promise<void>((resolve) => {
        isClosed = resolve;
      });
      const { app } = await start('forms', (made) => {
        made.addHook('onClose', async () => {
          closed += 1;
          isClosed();
        });
      });
      return { app, hooks };
    };
    const [byMicro, byCallback, byBoth] = [await make(), await make(), await make()];
    const first = byMicro.app.micro.close();
    expect(byMicro.app.micro.close()).toBe(first);
    await Promise.all([first, byMicro.hooks]);
    await byMicro.app.close();
    await new Promise<void>((resolve) => void byCallback.app.close(resolve));
    await Promise.all([byBoth.app.close(), byBoth.app.micro.close(), byBoth.app.close()]);
    expect(closed).toBe(3);
  });

  it('fails as a hook of the app fails', async () => {
    const app = Fastify();
    await app.register(fastifyMicro, { serviceName: 'fails', log: false });
    app.addHook('onClose', async () => {
      throw new Error('the database does not go');
    });
    await app.listen({ port: 0 });
    await expect(app.close()).rejects.toThrow('the database does not go');
  });

  it('ends an app that never listened, and one that could not start', async () => {
    const unborn = ends(Fastify());
    await unborn.register(fastifyMicro, { serviceName: 'unborn', log: false });
    const hooks = new Promise<void>((resolve) => void unborn.addHook('onClose', async () => resolve()));
    await unborn.micro.close();
    await hooks;
    await unborn.close();
    await expect(unborn.micro.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });

    const broken = ends(Fastify());
    void broken.register(fastifyMicro, { serviceName: 'broken', log: false });
    void broken.register(async () => {
      throw new Error('no database');
    });
    await expect(async () => void (await broken.ready())).rejects.toThrow('no database');
    await broken.close().catch(() => {});
    await expect(broken.micro.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });

  it('of Fastify itself, kept by somebody before, leaves too, at once', async () => {
    const app = ends(Fastify());
    const close = app.close.bind(app);
    await app.register(fastifyMicro, { serviceName: 'kept', log: false });
    await app.listen({ port: 0, host: '127.0.0.1' });
    await close();
    await expect(app.micro.ready()).rejects.toMatchObject({ code: 'MESH_CLOSED' });
  });
});
