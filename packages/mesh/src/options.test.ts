import { describe, expect, it } from 'vitest';
import { resolveMeshOptions } from './options.ts';

const GROUPS = {
  retry: { maxAttempts: 3, baseDelayMs: 25, maxDelayMs: 250, budgetPercent: 20, budgetPerSecond: 3 },
  balance: { decayMs: 10_000, slowStartMs: 10_000, failurePenaltyMs: 1_000 },
  ejection: {
    consecutiveFailures: 5,
    failurePercent: 50,
    minAttempts: 20,
    baseMs: 5_000,
    maxMs: 60_000,
    maxEjectedPercent: 50,
  },
  bulkhead: { maxInFlight: 100, maxQueued: 100 },
  hedging: { maxExtraPercent: 5, percentile: 95 },
};

describe('the options of calls', () => {
  it('have the defaults that the documents say', () => {
    expect(resolveMeshOptions('test()', {})).toMatchObject(GROUPS);
  });

  describe.each(Object.entries(GROUPS))('%s', (name, defaults) => {
    it('is switched off by false, and by nothing else', () => {
      expect(resolveMeshOptions('test()', { [name]: false })).toMatchObject({ [name]: false });
      for (const value of [0, null, true, 'off', []]) {
        expect(() => resolveMeshOptions('test()', { [name]: value }), String(value)).toThrow(
          new RegExp(`Option "${name}" of test\\(\\) got .*it takes false, or an object of`),
        );
      }
    });

    it('takes each of its own, a number or its text, and leaves the others as they are', () => {
      for (const key of Object.keys(defaults)) {
        expect(resolveMeshOptions('test()', { [name]: { [key]: '1' } })).toMatchObject({ [name]: { ...defaults, [key]: 1 } });
      }
    });

    it('names an unknown one, and one that is out of its range', () => {
      expect(() => resolveMeshOptions('test()', { [name]: { nonsense: 1 } })).toThrow(
        new RegExp(`Unknown option "nonsense" of "${name}"`),
      );
      for (const key of Object.keys(defaults)) {
        for (const value of [0, -1, 1.5, Number.NaN, 1e12, 'many', {}]) {
          expect(() => resolveMeshOptions('test()', { [name]: { [key]: value } }), `${key}: ${value}`).toThrow(
            expect.objectContaining({ code: 'MESH_OPTION_INVALID', message: expect.stringContaining(`"${key}"`) }),
          );
        }
      }
    });
  });
});
