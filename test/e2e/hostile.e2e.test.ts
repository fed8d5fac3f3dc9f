import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from './processes.test-support.ts';
import { note } from './services.test-support.ts';

/** The rows of `npm run proof:security` that are short enough for every change, with a seed of today. */
const proof = (file: string) => import(path.join(REPOSITORY, 'proofs', file));
const seed = Math.floor(Date.now() / 86_400_000);

async function startTarget() {
  const { createFleet, freePort } = await proof('fleet.mjs');
  const fleet = createFleet();
  return { fleet, target: await fleet.start('target', { port: await freePort(), peers: [] }) };
}

describe('a service among strangers', () => {
  it('takes 5,000 hostile bodies for what they are: no crash, no answer of 500, nobody becomes a member', async () => {
    const { sendBodies } = await proof('security/bodies.mjs');
    const { fleet, target } = await startTarget();
    try {
      const { statuses } = await sendBodies({ port: target.port, bearer: fleet.key, count: 5_000, seed });
      note('hostile bodies', { seed, ...statuses });
      expect(Object.keys(statuses).filter((status) => status !== '200' && status !== '400')).toEqual([]);
      expect(statuses['200'] + statuses['400']).toBe(5_000);
      expect(await target.ask({ what: 'polluted' })).toBe(false);
      expect(await target.ask({ what: 'members' })).toEqual([]);
    } finally {
      fleet.close();
    }
  });

  it('serves no request that is hidden in another', async () => {
    const { smuggle, CASES } = await proof('security/smuggling.mjs');
    const { fleet, target } = await startTarget();
    try {
      expect(CASES.length).toBeGreaterThanOrEqual(15);
      expect(await smuggle(target.port, async () => (await target.ask({ what: 'reached' })).item)).toEqual([]);
    } finally {
      fleet.close();
    }
  });
});
