import { describe, expect, it } from 'vitest';
import { manualClock } from '../manual-clock.test-support.ts';
import type { CachedAnswer } from './cache-store.ts';
import { createCollapse, type Lead } from './collapse.ts';

const answer: CachedAnswer = {
  kind: 'answer',
  status: 200,
  headers: [],
  body: Buffer.from('a'),
  variesBy: [],
  storedAtMs: 0,
  endsAtMs: 1,
};

function line(waitMs = 1_000) {
  const clock = manualClock();
  const collapse = createCollapse(waitMs, clock);
  const ran: [name: string, lead: Lead | undefined][] = [];
  const served: string[] = [];
  const enter = (name: string, key = 'k') => {
    const entered = collapse.enter(key, { answered: () => served.push(name), run: (lead) => ran.push([name, lead]) });
    if ('lead' in entered) ran.push([name, entered.lead]);
    return entered;
  };
  const leadOf = (name: string) => ran.find(([who]) => who === name)?.[1];
  return { clock, enter, ran, served, leadOf, names: () => ran.map(([name]) => name) };
}

describe('requests for the same at once', () => {
  it('have one run, whose answer is that of all', () => {
    const { enter, served, leadOf, names } = line();
    for (const name of ['a', 'b', 'c']) enter(name);
    enter('other', 'another key');
    expect(names()).toEqual(['a', 'other']);
    leadOf('a')?.settle({ kind: 'answered', answer, key: 'k' });
    expect(served).toEqual(['b', 'c']);
    enter('d');
    expect(names()).toEqual(['a', 'other', 'd']);
  });

  it('go on with another of them where the first fails, and each by itself where that fails, too', () => {
    const { enter, served, leadOf, names } = line();
    for (const name of ['a', 'b', 'c', 'd']) enter(name);
    leadOf('a')?.settle({ kind: 'failed' });
    leadOf('a')?.settle({ kind: 'failed' });
    expect(names()).toEqual(['a', 'b']);
    leadOf('b')?.settle({ kind: 'failed' });
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    expect(leadOf('d')).toBeUndefined();
    expect(served).toEqual([]);
  });

  it('run each by itself where what comes is one’s own', () => {
    const { enter, leadOf, names } = line();
    for (const name of ['a', 'b', 'c']) enter(name);
    leadOf('a')?.settle({ kind: 'unshareable' });
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('wait no longer than they may, and not at all once they have left', () => {
    const { clock, enter, names, served, leadOf } = line(100);
    enter('a');
    enter('slow');
    const gone = enter('gone');
    if ('leave' in gone) gone.leave();
    clock.pass(100);
    expect(names()).toEqual(['a', 'slow']);
    leadOf('a')?.settle({ kind: 'answered', answer, key: 'k' });
    expect(served).toEqual([]);
  });
});
