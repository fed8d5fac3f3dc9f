import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startService, stopAll } from './fleet.test-support.ts';
import { shutDoors } from './link.test-support.ts';

afterEach(stopAll);

/** Others every day; the row of `npm run proof:security` has 10,000. */
const seed = Math.floor(Date.now() / 86_400_000);

it('2,000 hostile parameters reach the route that was called, as they were given, or are refused before they are sent', async () => {
  const { sendParameters } = await import(path.resolve(import.meta.dirname, '../../../proofs/security/parameters.mjs'));
  const others: string[] = [];
  const target = await startService('target', (app) => {
    app.get('/items/:id', (req, res) => void res.json({ id: req.params.id }));
    for (const other of ['/items/:id/secret', '/items', '/secret/:id', '/:first/:second/:third']) {
      app.get(other, (req, res) => {
        others.push(req.originalUrl);
        res.json({ other });
      });
    }
  });
  const caller = await startService('caller', () => {}, { peers: [target.url] });
  await caller.micro.ready();
  shutDoors();
  const { arrived, refused, wrong, firstWrong } = await sendParameters({
    getItem: caller.micro.services.target.getItem,
    count: 2_000,
    seed,
  });
  expect({ wrong, firstWrong, others, seed }).toEqual({ wrong: 0, firstWrong: '', others: [], seed });
  expect(arrived).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(500);
});
