import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyRing, parseKeys } from './key-ring.ts';
import { nextChangeMs, type Rotation, ringAt, rotateKeys, startRotation } from './rotation.ts';

const SECRETS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(16));
const [A, B, C] = SECRETS.map((secret) => parseKeys(secret)) as [KeyRing, KeyRing, KeyRing];
const shown = (rotation: Rotation, nowMs: number): string => {
  const ring = ringAt(rotation, nowMs);
  return `${ring.primary.secret[0]} of ${ring.keys.map((key) => key.secret[0]).join('')}`;
};

describe('a swap of a single key', () => {
  const swapped = rotateKeys(startRotation(A), B, 1000);

  it.each<[number, string]>([
    [1000, 'a of ba'],
    [30_999, 'a of ba'],
    [31_000, 'b of ba'],
    [60_999, 'b of ba'],
    [61_000, 'b of b'],
  ])('at %i ms signs with and verifies: %s', (nowMs, expected) => {
    expect(shown(swapped, nowMs)).toBe(expected);
  });

  it('announces each moment at which the ring changes', () => {
    expect(nextChangeMs(swapped, 1000)).toBe(31_000);
    expect(nextChangeMs(swapped, 31_000)).toBe(61_000);
    expect(nextChangeMs(swapped, 61_000)).toBeUndefined();
    expect(nextChangeMs(startRotation(A), 0)).toBeUndefined();
  });

  it('finds both under their common id', () => {
    expect(
      ringAt(swapped, 1000)
        .find('default')
        .map((key) => key.secret[0]),
    ).toEqual(['b', 'a']);
  });
});

describe('other rotations', () => {
  it('changes nothing when the keys are the same', () => {
    const rotation = startRotation(A);
    expect(rotateKeys(rotation, parseKeys(SECRETS[0] ?? ''), 5)).toBe(rotation);
  });

  it('signs at once with a second key that is moved to the front, because all have known it', () => {
    const list = startRotation(parseKeys(`old:${SECRETS[0]},new:${SECRETS[1]}`));
    expect(shown(rotateKeys(list, parseKeys(`new:${SECRETS[1]},old:${SECRETS[0]}`), 5), 5)).toBe('b of ba');
  });

  it('signs with the old one for a while where a new one is put in front of it', () => {
    const list = rotateKeys(startRotation(parseKeys(`old:${SECRETS[0]}`)), parseKeys(`new:${SECRETS[1]},old:${SECRETS[0]}`), 0);
    expect(shown(list, 0)).toBe('a of ba');
    expect(shown(list, 30_000)).toBe('b of ba');
    expect(shown(list, 1e9)).toBe('b of ba');
  });

  it('takes a key back from retirement without a new lead', () => {
    const back = rotateKeys(rotateKeys(startRotation(A), B, 0), A, 10_000);
    expect(shown(back, 10_000)).toBe('a of ab');
    expect(shown(back, 70_000)).toBe('a of a');
  });

  it('keeps signing with what was known before when swaps follow each other within the lead', () => {
    const twice = rotateKeys(rotateKeys(startRotation(A), B, 0), C, 20_000);
    expect(shown(twice, 20_000)).toBe('a of cba');
    expect(shown(twice, 49_999)).toBe('b of cba');
    expect(shown(twice, 50_000)).toBe('c of cba');
    expect(shown(twice, 60_000)).toBe('c of cb');
    expect(shown(twice, 80_000)).toBe('c of c');
  });

  it('holds a bounded number of keys however often they change', () => {
    let rotation = startRotation(A);
    for (let turn = 0; turn < 200; turn += 1) rotation = rotateKeys(rotation, parseKeys(`k:${'x'.repeat(16)}${turn}`), turn);
    expect(ringAt(rotation, 200).keys).toHaveLength(17);
  });

  it('never signs with a key that a process up to 30 s behind or ahead does not verify', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30_000 }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.boolean(),
        (skewMs, nowMs, asList) => {
          const next = asList ? parseKeys(`new:${SECRETS[1]},default:${SECRETS[0]}`) : B;
          const at = (swapMs: number): KeyRing =>
            ringAt(nowMs < swapMs ? startRotation(A) : rotateKeys(startRotation(A), next, swapMs), nowMs);
          const [early, late] = [at(50_000), at(50_000 + skewMs)];
          const takes = (ring: KeyRing, signer: KeyRing): boolean =>
            ring.find(signer.primary.kid).some((key) => key.secret === signer.primary.secret);
          return takes(early, late) && takes(late, early);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
