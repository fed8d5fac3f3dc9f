import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from './processes.test-support.ts';
import { note } from './services.test-support.ts';

/** The proofs of restarts in a form short enough for every change; the others are `npm run proof:*` alone. */
const proof = (file: string) => import(path.join(REPOSITORY, 'proofs', file));

/** A machine that was too busy for the calls before the outage says nothing of those after it: then once more. */
async function outage(
  times: object,
): Promise<{ totals: { counters: Record<string, number> }; attempts: number; recoveryMs: number }> {
  const { proveOutage } = await proof('prove-outage.mjs');
  for (let tries = 1; ; tries++) {
    try {
      return await proveOutage('the database does not answer', times);
    } catch (error) {
      if (tries === 3 || !/it was not well before/.test(String(error))) throw error;
    }
  }
}

describe('calls that hold', () => {
  it('a rolling restart under load loses no call, with retries off', { timeout: 120_000 }, async () => {
    const { proveRestarts } = await proof('prove-restarts.mjs');
    const { totals, twice } = await proveRestarts({
      signal: 'SIGTERM',
      callerOptions: { retry: false },
      rounds: 1,
      rps: 300,
    });
    note('rolling restart', { how: totals.how });
    expect({ failures: totals.failures, wrong: totals.wrong, twice }).toEqual({ failures: {}, wrong: 0, twice: 0 });
    expect(totals.answered).toBe(totals.sent);
  });

  it('kill -9 of one instance after the other loses no GET and executes no POST twice', { timeout: 120_000 }, async () => {
    const { proveRestarts } = await proof('prove-restarts.mjs');
    const { totals, twice } = await proveRestarts({ signal: 'SIGKILL', callerOptions: {}, rounds: 1, rps: 300 });
    note('kill -9', { how: totals.how, 'POSTs that failed': totals.postsFailed });
    expect({ gets: totals.getsFailed, wrong: totals.wrong, twice }).toEqual({ gets: 0, wrong: 0, twice: 0 });
  });

  // No outage meets all at the same moment: who stops answering first looks worse than the other one, and is not.
  it.each([0, 100])(
    'an outage that begins %i ms apart is over three seconds after it ended',
    { timeout: 120_000 },
    async (apartMs) => {
      const { totals, attempts, recoveryMs } = await outage({ outageS: 4, afterS: 6, apartMs });
      note('outage', { apartMs, attempts: attempts.toFixed(2), recoveryMs, ejections: totals.counters.ejections ?? Number.NaN });
      expect(attempts).toBeLessThanOrEqual(1.25);
      expect(recoveryMs).toBeLessThanOrEqual(3_000);
    },
  );
});
