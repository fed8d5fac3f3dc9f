import http from 'node:http';
import type express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { type App, expresses, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

afterEach(stopAll);

/** What became of the requests of the three hops. */
interface Seen {
  readonly begun: string[];
  readonly ended: string[];
  /** Milliseconds from the deadline that a hop was told until its request ended. */
  readonly overshootsMs: number[];
}

/** Its own request, and nothing else, tells a handler that nobody waits any more. */
function watch(seen: Seen, hop: string, req: express.Request): void {
  seen.begun.push(hop);
  const endsAtMs = performance.now() + (req.deadline?.remainingMs ?? Number.NaN);
  req.signal.addEventListener('abort', () => seen.ended.push(`${hop} ${req.signal.reason.code}`));
  req.res?.once('close', () => seen.overshootsMs.push(performance.now() - endsAtMs));
}

/** Who asks the front as a browser does: reads what comes, and goes away when told. */
function browse(url: string): { readonly received: () => number; leave(): void } {
  let received = 0;
  const request = http.get(url, { agent: false }, (res) => {
    res.on('error', () => {});
    res.on('data', (data: Buffer) => {
      received += data.length;
    });
  });
  request.on('error', () => {});
  return { received: () => received, leave: () => void request.destroy() };
}

const HOPS = ['front', 'middle', 'leaf'];
const ALL_ENDED = HOPS.map((hop) => `${hop} MESH_CANCELLED`).sort();

describe.each(expresses)('a chain of three on %s', (_name, expressOf) => {
  async function chain(transport: 'http' | 'auto', declareLeaf: (app: App, seen: Seen) => void) {
    const seen: Seen = { begun: [], ended: [], overshootsMs: [] };
    const options = { express: expressOf, transport };
    const leaf = await startService('leaf', (app) => declareLeaf(app, seen), options);
    const relay = (hop: string, next: string) => (app: App, micro: Service['micro']) => {
      const { services } = micro;
      app.get('/pens', async (req, res, fail) => {
        watch(seen, hop, req);
        await services[next].getPens().then((pens: unknown) => res.json(pens), fail);
      });
      app.get('/feed', async (req, res, fail) => {
        watch(seen, hop, req);
        try {
          const { body } = await services[next].getFeed.stream();
          body.once('close', () => seen.ended.push(`${hop} body ${body.errored === null ? 'whole' : 'broken off'}`));
          body.pipe(res);
        } catch (error) {
          fail(error);
        }
      });
      app.get('/pings', async (_req, res, fail) => {
        await services[next].getPings().then((pong: unknown) => res.json(pong), fail);
      });
    };
    const middle = await startService('middle', relay('middle', 'leaf'), { ...options, peers: [leaf.url] });
    const front = await startService('front', relay('front', 'middle'), { ...options, peers: [middle.url] });
    await Promise.all([middle.micro.ready({ services: ['leaf'] }), front.micro.ready({ services: ['middle'] })]);
    if (transport === 'auto') {
      shutDoors();
      await untilLinked(middle, ({ leaf: services }) => services.getPings());
      await untilLinked(front, ({ middle: services }) => services.getPings());
    }
    return { seen, front, middle, leaf };
  }

  it.each([
    ['over HTTP', 'http'],
    ['over links', 'auto'],
  ] as const)('ends at every hop when the client goes away, %s', async (_way, transport) => {
    const { seen, front, middle, leaf } = await chain(transport, (app, all) => {
      app.get('/pings', (_req, res) => void res.json('pong'));
      app.get('/pens', (req) => watch(all, 'leaf', req));
    });
    const before = [front, middle].map(({ micro }) => micro.counters());
    const client = browse(`${front.url}/pens`);
    await until(
      'all three at work',
      () => seen.begun,
      ({ length }) => length === 3,
    );
    expect([seen.begun, seen.ended]).toEqual([HOPS, []]);
    client.leave();
    await until(
      'all three told',
      () => seen.ended,
      ({ length }) => length === 3,
    );
    expect(seen.ended.sort()).toEqual(ALL_ENDED);
    // No hop took the end of its call for a failure of the next one.
    const after = [front, middle].map(({ micro }) => micro.counters());
    for (const [index, counters] of after.entries()) {
      const { retries, cancellations, attemptsOverLink } = counters;
      const was = before[index];
      expect([retries, cancellations]).toEqual([was?.retries, (was?.cancellations ?? 0) + 1]);
      expect(attemptsOverLink - (was?.attemptsOverLink ?? 0)).toBe(transport === 'auto' ? 1 : 0);
    }
    expect(leaf.micro.counters().shed).toBe(0);
  });

  it.each([
    ['over HTTP', 'http'],
    ['beside links', 'auto'],
  ] as const)('stops a body that streams through all of it, %s', async (_way, transport) => {
    let isOpen = false;
    const { seen, front } = await chain(transport, (app, all) => {
      app.get('/pings', (_req, res) => void res.json('pong'));
      app.get('/feed', (req, res) => {
        watch(all, 'leaf', req);
        isOpen = true;
        const timer = setInterval(() => res.write('x'.repeat(1_000)), 5);
        res.once('close', () => {
          clearInterval(timer);
          isOpen = false;
        });
      });
    });
    const client = browse(`${front.url}/feed`);
    await until('a part of the body', client.received, (bytes) => bytes > 5_000);
    expect([seen.begun, seen.ended, isOpen]).toEqual([HOPS, [], true]);
    client.leave();
    await until(
      'all ends',
      () => seen.ended,
      ({ length }) => length === 5,
    );
    expect(seen.ended.sort()).toEqual([...ALL_ENDED, 'front body broken off', 'middle body broken off'].sort());
    await until(
      'the end of the writing',
      () => isOpen,
      (open) => !open,
    );
  });

  it.each([
    ['over HTTP', 'http'],
    ['over links', 'auto'],
  ] as const)('given 300 ms ends at every hop within 50 ms of them, %s', async (_way, transport) => {
    const { seen, front } = await chain(transport, (app, all) => {
      app.get('/pings', (_req, res) => void res.json('pong'));
      app.get('/pens', (req) => watch(all, 'leaf', req));
    });
    // The machine may be busy with something else once; what is ours is in each of the three.
    const worst: number[] = [];
    for (let round = 1; round <= 3; round++) {
      seen.overshootsMs.length = 0;
      const startedAt = performance.now();
      const error = await front.micro.services.middle
        .getPens({}, { timeoutMs: 300 })
        .catch(({ status }: { status: number }) => status);
      const overshootMs = performance.now() - startedAt - 300;
      expect(error).toBe(504);
      await until(
        'both requests to end',
        () => seen.overshootsMs,
        ({ length }) => length === 2,
      );
      worst.push(Math.max(overshootMs, ...seen.overshootsMs));
    }
    expect(Math.min(...worst)).toBeLessThan(50);
    expect(seen.begun).toEqual(['middle', 'leaf', 'middle', 'leaf', 'middle', 'leaf']);
  });
});
