import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settled, stranger } from '../testing/fleet.test-support.ts';
import type { SimProcess } from '../testing/sim-process.ts';
import { encodeClaim, parseClaims } from './claims.ts';
import { parseMember } from './member-codec.ts';
import { parseMessage, parseReply } from './message-codec.ts';

const alive = stranger(1, 'ALIVE');

describe('a message', () => {
  it('is read as it was written', () => {
    const known = [encodeClaim(alive), encodeClaim({ ...alive, status: 'LEFT', incarnation: 12 })];
    const message = {
      from: alive,
      members: [{ ...alive, status: 'SUSPECT', suspectedBy: [alive.id] }],
      digest: '0123456789abcdef',
      probe: alive.id,
      withinMs: 500,
      known,
      range: [alive.id, alive.id],
    };
    expect(parseMessage(JSON.parse(JSON.stringify(message)), alive.id, 10)).toEqual(message);
    expect(parseClaims(known, 10)).toEqual([
      { id: alive.id, status: 'ALIVE', incarnation: 1 },
      { id: alive.id, status: 'LEFT', incarnation: 12 },
    ]);
  });

  it('keeps nothing that it should not have: wrong forms, too many, another signer', () => {
    const odd = { digest: 'x', withinMs: -1, range: ['a', 'b'], known: [1, 'nonsense', encodeClaim(alive)], more: true };
    const read = parseMessage(odd, undefined, 10);
    expect(read).toEqual({ known: ['nonsense', encodeClaim(alive)] });
    expect(parseClaims(['nonsense', `${alive.id}X1`, `${alive.id}A-1`, `${alive.id}A${'9'.repeat(16)}`], 10)).toEqual([]);
    expect(parseMessage({ withinMs: 1e12 }, undefined, 10)).toEqual({ withinMs: 60_000 });
    expect(parseMessage({ known: new Array(20).fill(encodeClaim(alive)) }, undefined, 10)).toMatchObject({
      known: { length: 10 },
    });
    expect(parseMessage({ from: alive }, 'f'.repeat(32), 10)).toMatch(/signed/);
    expect(parseMessage({ known: {} }, undefined, 10)).toMatch(/"known" must be a list/);
  });

  it('names accusers of suspects only, three at most, each once', () => {
    const ids = [1, 2, 3, 4, 4].map((i) => stranger(i, 'ALIVE').id);
    const suspect = parseMember({ ...alive, status: 'SUSPECT', suspectedBy: [ids[0], ...ids, 'nobody'] });
    expect(suspect?.suspectedBy).toEqual(ids.slice(0, 3));
    expect(parseMember({ ...alive, suspectedBy: ids })).toEqual(alive);
  });
});

describe('an answer', () => {
  it('speaks for the one who signed it, and for nobody else', () => {
    const body = { from: alive, members: [alive], digest: 'x', probed: 'maybe', wants: [1, alive.id], hasMore: 'yes' };
    const rest = { status: 'OK', members: [alive], wants: [alive.id] };
    expect(parseReply(body, alive.id, 10)).toEqual({ ...rest, from: alive });
    expect(parseReply(body, 'f'.repeat(32), 10)).toEqual(rest);
  });
});

describe('whatever comes over the network', () => {
  const something = fc.oneof(fc.jsonValue(), fc.constant(alive), fc.constantFrom(alive.id, encodeClaim(alive), 'f'.repeat(16)));
  const list = fc.array(something, { maxLength: 5 });
  const fields = ['from', 'digest', 'probe', 'withinMs', 'probed', 'hasMore'].map((name) => [name, something] as const);
  const lists = ['members', 'known', 'range', 'wants'].map((name) => [name, fc.oneof(list, something)] as const);
  const body = fc.record(Object.fromEntries([...fields, ...lists]), { requiredKeys: [] });

  it('is read or refused, and what is read breaks nothing', () => {
    const { simulation, processes } = settled(2);
    const [one, other] = processes as [SimProcess, SimProcess];
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), fc.constantFrom('ping', 'register'), (value, kind) => {
        const message = parseMessage(value, undefined, 10);
        if (typeof message !== 'string') {
          read += 1;
          one.turn(() => one.participant.receive(kind as 'ping', other.id, message, (reply) => JSON.stringify(reply)));
          simulation.run(50);
        }
        parseReply((value ?? {}) as Record<string, unknown>, alive.id, 10);
      }),
      { numRuns: 2_000, seed: 1 },
    );
    expect(read).toBeGreaterThan(200);
    expect(one.participant.state.entries.get(other.id)).toBeDefined();
  });
});
