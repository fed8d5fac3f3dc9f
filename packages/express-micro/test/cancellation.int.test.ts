import http from 'node:http';
import type express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import type { MeshError } from '../src/index.ts';
import { type App, expresses, rawRequest, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

afterEach(stopAll);

/** What became of the requests of the three hops. */
interface Seen {
  readonly begun: string[];
  readonly ended: string[];
  /** Milliseconds that a hop was told it has, and from their end until that of its request. */
  readonly toldMs: number[];
  readonly overshootsMs: number[];
  /** What became of the last call of a hop to the next one. */
  readonly failures: Map<string, MeshError>;
}

/** Its own request, and nothing else, tells a handler that nobody waits any more. */
function watch(seen: Seen, hop: string, req: express.Request): void {
  seen.begun.push(hop);
  const toldMs = req.deadline?.remainingMs ?? Number.NaN;
  const endsAtMs = performance.now() + toldMs;
  seen.toldMs.push(toldMs);
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
    const seen: Seen = { begun: [], ended: [], toldMs: [], overshootsMs: [], failures: new Map() };
    const options = { express: expressOf, transport };
    const leaf = await startService('leaf', (app) => declareLeaf(app, seen), options);
    const relay = (hop: string, next: string) => (app: App, micro: Service['micro']) => {
      const { services } = micro;
      app.get('/pens', async (req, res, fail) => {
        watch(seen, hop, req);
        try {
          res.json(await services[next].getPens());
        } catch (error) {
          seen.failures.set(hop, error as MeshError);
          fail(error);
        }
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
  ] as const)('hands its deadline on, and ends at every hop within 50 ms of it, %s', async (_way, transport) => {
    const { seen, front, middle } = await chain(transport, (app, all) => {
      app.get('/pings', (_req, res) => void res.json('pong'));
      app.get('/pens', (req) => watch(all, 'leaf', req));
    });
    expect((await rawRequest(`${front.url}/pings`)).body).toBe('"pong"');
    // The machine may be busy with something else once, and a request may then come too late to run at all.
    const overshootsMs: number[] = [];
    for (let round = 0; overshootsMs.length < 3 && round < 20; round++) {
      for (const list of [seen.begun, seen.toldMs, seen.overshootsMs]) list.length = 0;
      const { status } = await rawRequest(`${front.url}/pens`, { headers: { 'express-micro-deadline': '300' } });
      expect(status).toBe(504);
      await until(
        'all that began to end',
        () => [seen.begun.length, seen.overshootsMs.length],
        ([begun, ended]) => begun === ended,
      );
      if (seen.begun.length < 3) continue;
      overshootsMs.push(Math.max(...seen.overshootsMs));
      expect(seen.begun).toEqual(HOPS);
      expect(seen.toldMs).toEqual([...seen.toldMs].sort((a, b) => b - a));
      expect(seen.toldMs[0]).toBeLessThanOrEqual(300);
      // All know it at the same moment: the next hop may have said so before the front did.
      const { code, status: told, details } = seen.failures.get('front') as MeshError;
      expect([code, told, details.isInherited]).toEqual(
        code === 'MESH_REMOTE_STATUS' ? [code, 504, undefined] : ['MESH_DEADLINE_EXCEEDED', 504, true],
      );
    }
    expect(overshootsMs).toHaveLength(3);
    expect(Math.min(...overshootsMs)).toBeLessThan(50);
    expect([front, middle].map(({ micro }) => micro.counters().retries)).toEqual([0, 0]);
  });
});
