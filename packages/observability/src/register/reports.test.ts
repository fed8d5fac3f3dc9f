import { describe, expect, it } from 'vitest';
import { createReports } from './reports.ts';

const REFUSED = (port: number) => JSON.stringify({ stack: 'Error: …\n at …', message: `connect ECONNREFUSED 127.0.0.1:${port}` });

describe('what goes wrong with traces', () => {
  it('is told in one readable line a minute, with how often it was not told', () => {
    const told: string[] = [];
    let nowMs = 0;
    const { logger } = createReports(
      (message) => told.push(message),
      () => nowMs,
    );
    for (let n = 0; n < 10; n++) logger.error(REFUSED(4_310 + n));
    expect(told).toEqual(['traces: connect ECONNREFUSED 127.0.0.1:4310']);
    nowMs = 59_999;
    logger.error(REFUSED(1));
    expect(told).toHaveLength(1);
    nowMs = 60_000;
    logger.error(REFUSED(1));
    expect(told[1]).toBe('traces: connect ECONNREFUSED 127.0.0.1:1 (and 10 times since this was told last)');
  });

  it('is told once, whether it was seen on the way or at the end', () => {
    const told: string[] = [];
    const { logger, onUnsent } = createReports(
      (message) => told.push(message),
      () => 0,
    );
    onUnsent([new Error('connect ECONNREFUSED 127.0.0.1:4318')]);
    logger.error(REFUSED(4_318));
    expect(told).toEqual(['traces: connect ECONNREFUSED 127.0.0.1:4318']);
  });

  it('is told of each kind, and never at length', () => {
    const told: string[] = [];
    const { logger, onDropped } = createReports(
      (message) => told.push(message),
      () => 0,
    );
    logger.warn('one thing', new Error('that broke'));
    logger.error(`{"no JSON${'x'.repeat(1_000)}`);
    onDropped(7);
    onDropped(8);
    expect(told[0]).toBe('traces: one thing that broke');
    expect(told[1]).toMatch(/^traces: \{"no JSONx+…$/);
    expect(told[1]?.length).toBeLessThan(320);
    expect(told.slice(2)).toEqual(['traces: one with 7 spans was dropped, because too many are open at once.']);
  });
});
