import { describe, expect, it } from 'vitest';
import { heardOf, settled, statusOf, stranger } from '../testing/fleet.test-support.ts';
import type { SimProcess } from '../testing/sim-process.ts';
import { answerClaims, claims, continueSync } from './anti-entropy.ts';
import { encodeClaim } from './claims.ts';
import type { Member } from './member.ts';

/** The largest message that is read, and the largest record that there can be. */
const MAX_QUESTION_BYTES = 65_536;
const LARGEST: Omit<Member, 'id'> = {
  service: 's'.repeat(214),
  url: `http://${'h'.repeat(240)}.example:65535`,
  incarnation: 2 ** 48,
  status: 'SUSPECT',
  routesHash: 'h'.repeat(64),
  isSigning: true,
  suspectedBy: ['a', 'b', 'c'].map((digit) => digit.repeat(32)),
};

function withStrangers(count: number, more: Partial<Member> = {}) {
  const { simulation, processes } = settled(2);
  const [one, other] = processes as [SimProcess, SimProcess];
  for (let i = 0; i < count; i++) one.participant.apply(heardOf({ ...stranger(i, 'ALIVE'), ...more }));
  return { simulation, one, other, state: one.participant.state, nowMs: one.clock.monotonicMs() };
}

describe('a comparison of tables', () => {
  it('of equal ones gives nothing and asks for nothing', () => {
    const { one, other } = withStrangers(0);
    const theirs = claims(other.participant.state, other.clock.monotonicMs());
    expect(answerClaims(one.participant.state, theirs)).toEqual({ records: [], wants: [], hasMore: false });
  });

  it('of a large one is of a part, and says of which; what lies outside is not missed', () => {
    const { state, nowMs } = withStrangers(1_500);
    const part = claims(state, nowMs);
    expect(part.known.length).toBeLessThanOrEqual(1_000);
    expect(part.range).toEqual([part.known[0]?.id, part.known.at(-1)?.id]);
    const { records } = answerClaims(state, part);
    expect(records).toEqual([]);
    const withGap = { ...part, known: part.known.filter((_, index) => index !== 1) };
    expect(answerClaims(state, withGap).records.map(({ id }) => id)).toEqual([part.known[1]?.id]);
  });

  it('asks for a suspicion that is news, because a line does not say who accuses', () => {
    const { state, other } = withStrangers(0);
    const claim = { id: other.id, status: 'SUSPECT', incarnation: other.participant.state.self.incarnation } as const;
    expect(answerClaims(state, { known: [claim] }).wants).toEqual([other.id]);
  });

  it('leaves the long dead to the probes of each', () => {
    const { simulation, one, other, state } = withStrangers(0);
    simulation.crash(other);
    simulation.run(10_000);
    const known = () => claims(state, one.clock.monotonicMs()).known.map(({ id }) => id);
    expect([statusOf(one, other), known()]).toEqual(['DEAD', expect.arrayContaining([other.id])]);
    simulation.run(60_000);
    expect(known()).not.toContain(other.id);
  });

  it('fits into messages that are read, whatever names and addresses there are', () => {
    const { state, other, nowMs } = withStrangers(1_000, LARGEST);
    const wants = [...state.entries.keys()];
    const event = { type: 'heard', id: other.id, updates: [], isAnswer: true, wants } as const;
    const sizes = continueSync(state, event, false).map((action) =>
      action.type === 'deliver' ? JSON.stringify({ from: LARGEST, members: action.records }).length : 0,
    );
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(MAX_QUESTION_BYTES);
    const lines = claims(state, nowMs).known.map(encodeClaim);
    expect(JSON.stringify({ from: LARGEST, known: lines, range: ['', ''] }).length).toBeLessThan(MAX_QUESTION_BYTES);
  });
});
