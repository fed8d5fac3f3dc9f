import express from 'express';
import { afterAll, describe, expect, it } from 'vitest';
import type { MeshError } from '../src/index.ts';
import { startService, stopAll } from './fleet.test-support.ts';

afterAll(stopAll);

const AT_ONCE = 60;
const ROUNDS = 3;

/**
 * What an app may set for itself, and where it then ends its connections: Node waits one second longer than it says, and
 * some versions do not. The third is where the caller ends them, two seconds before it is told that the server will.
 */
const BOUNDARIES = [
  { keepAliveMs: 500, boundaryMs: 500 },
  { keepAliveMs: 500, boundaryMs: 1_500 },
  { keepAliveMs: 3_000, boundaryMs: 1_000 },
];

describe.concurrent('a server that ends idle connections sooner than ours do', () => {
  it.each(BOUNDARIES)(
    'after $keepAliveMs ms loses no GET and no POST that come $boundaryMs ms after the one before',
    async ({ keepAliveMs, boundaryMs }) => {
      const service = `pens-${keepAliveMs}-${boundaryMs}`;
      const target = await startService(service, (app) => {
        app.get('/pens', (_req, res) => void res.json([]));
        app.post('/pens', express.json(), (req, res) => void res.json(req.body));
      });
      target.server.keepAliveTimeout = keepAliveMs;
      const options = { transport: 'http', retry: false, peers: [target.url] } as const;
      const { micro } = await startService('caller', () => {}, options);
      await micro.ready({ services: [service] });
      const pens = micro.services[service];
      const lost: string[] = [];
      const burst = () =>
        Promise.all(
          Array.from({ length: AT_ONCE }, (_, n) =>
            (n % 2 === 0 ? pens.getPens() : pens.createPen({ n })).catch((error: MeshError) => lost.push(error.message)),
          ),
        );
      await burst();
      for (let round = 0; round < ROUNDS; round++) {
        // The time that a connection lies idle is what is tested: there is no fact to wait for.
        await new Promise((resolve) => setTimeout(resolve, boundaryMs - 15 + (30 * round) / (ROUNDS - 1)));
        await burst();
      }
      expect(lost).toEqual([]);
    },
  );
});
