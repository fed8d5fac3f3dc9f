import type { RequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { startService, stopAll } from './fleet.test-support.ts';

afterEach(stopAll);

/** Failures after which a call may be repeated. */
const FAILURES: Readonly<Record<string, RequestHandler>> = {
  'answers 503 with Retry-After': (_req, res) => void res.status(503).set('retry-after', '0').end(),
  'answers 503 marked as not executed': (_req, res) => void res.status(503).set('express-micro-not-executed', '1').end(),
  'cuts the connection': (req) => void req.socket.destroy(),
};
const ROUNDS = 3;
const AT_ONCE = 100;

describe('a chain of three whose last member fails', () => {
  it.each(Object.entries(FAILURES))('%s: no more than 1.5 attempts there for each call of the front', async (_name, fail) => {
    let attempts = 0;
    let isWell = true;
    // No machine is so busy that one of them is taken for dead within this.
    const options = { transport: 'http', pingInterval: 60_000 } as const;
    const leaf = await startService(
      'leaf',
      (app) => {
        app.get('/pens', (req, res, next) => {
          attempts += 1;
          if (isWell) res.json([]);
          else fail(req, res, next);
        });
      },
      options,
    );
    const middle = await startService(
      'middle',
      (app, { services }) => void app.get('/pens', async (_req, res) => void res.json(await services.leaf.getPens())),
      { ...options, peers: [leaf.url] },
    );
    const front = await startService('front', () => {}, { ...options, peers: [middle.url] });
    await Promise.all([middle.micro.ready({ services: ['leaf'] }), front.micro.ready({ services: ['middle'] })]);
    const { middle: pens } = front.micro.services;
    expect(await pens.getPens()).toEqual([]);
    [isWell, attempts] = [false, 0];
    const statuses = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
      const calls = Array.from({ length: AT_ONCE }, () =>
        pens.getPens().catch(({ status }: { status: number }) => statuses.add(status)),
      );
      await Promise.all(calls);
    }
    expect([...statuses]).toEqual([503]);
    // The failure is one that is tried again, or this would show nothing.
    expect(middle.micro.counters().retries).toBeGreaterThan(ROUNDS * AT_ONCE * 0.1);
    expect(attempts / (ROUNDS * AT_ONCE)).toBeLessThanOrEqual(1.5);
    expect(front.micro.counters().retries).toBe(0);
  });
});
