import { describe, expect, it } from 'vitest';
import { FaultTable, NO_FAULT, readAnswer, readDelay } from './faults.ts';
import { randomFrom, seededRandom } from './seeded-random.ts';

const orders = { name: 'orders#1', service: 'orders' };
const [first, second] = [1, 2].map((n) => ({ name: `payments#${n}`, service: 'payments' })) as [typeof orders, typeof orders];
const table = (seed = 1) => new FaultTable(seededRandom(seed));

describe('a table of faults', () => {
  it('a service is all of its instances, and an instance is itself', () => {
    const faults = table();
    faults.add('payments#2', { kind: 'down' });
    expect([first, second, orders].map((to) => faults.plan(to).isRefused)).toEqual([false, true, false]);
    faults.add('payments', { kind: 'slow', ...readDelay(5) });
    expect([first, second, orders].map((to) => faults.plan(to).delayMs)).toEqual([5, 5, 0]);
    expect(faults.plan(orders)).toBe(NO_FAULT);
  });

  it('a later one of the same kind on the same target takes the place of the former; of cuts there are many', () => {
    const faults = table();
    faults.add('payments', { kind: 'slow', ...readDelay(5) });
    faults.add('payments', { kind: 'slow', ...readDelay(7) });
    expect(faults.plan(first).delayMs).toBe(7);
    faults.add('payments', { kind: 'cut', from: 'orders' });
    faults.add('payments', { kind: 'cut', from: 'web' });
    expect(faults.isHeld(orders, first)).toBe(true);
    expect(faults.isHeld(first, orders)).toBe(false);
    expect(faults.isHeld({ name: 'web#1', service: 'web' }, second)).toBe(true);
  });

  it('who is paused neither takes nor sends', () => {
    const faults = table();
    faults.add('payments#1', { kind: 'paused' });
    expect([faults.isHeld(orders, first), faults.isHeld(first, orders), faults.isHeld(orders, second)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('strikes as often as it is said, and by the seed', () => {
    const faults = table();
    faults.add('payments', { kind: 'fail', answer: readAnswer({ status: 503 }) }, { rate: 1, times: 2 });
    expect([1, 2, 3].map(() => faults.plan(first).answer?.status)).toEqual([503, 503, undefined]);
    const pattern = (seed: number): string => {
      const chance = table(seed);
      chance.add('payments', { kind: 'lose', what: 'answer' }, { rate: 0.3, times: Number.POSITIVE_INFINITY });
      return Array.from({ length: 1_000 }, () => (chance.plan(first).loses === undefined ? '.' : 'x')).join('');
    };
    expect(pattern(1)).toBe(pattern(1));
    expect(pattern(2)).not.toBe(pattern(1));
    const struck = pattern(1).replaceAll('.', '').length;
    expect(struck).toBeGreaterThan(250);
    expect(struck).toBeLessThan(350);
  });

  it('heals a service with all that was said of its instances, one instance alone, or everything', () => {
    const faults = table();
    const all = () => {
      faults.add('payments', { kind: 'down' });
      faults.add('payments#2', { kind: 'slow', ...readDelay(5) });
      faults.add('orders', { kind: 'cut', from: 'payments' });
      faults.add('orders', { kind: 'paused' });
    };
    all();
    faults.heal('payments');
    expect([faults.plan(second), faults.isHeld(second, orders)]).toEqual([NO_FAULT, true]);
    faults.heal('orders');
    expect(faults.isHeld(second, orders)).toBe(false);
    all();
    faults.heal('payments#2');
    expect(faults.plan(second)).toEqual({ ...NO_FAULT, isRefused: true });
    faults.heal(undefined);
    expect([faults.plan(second), faults.isHeld(second, orders)]).toEqual([NO_FAULT, false]);
  });
});

describe('chance with a seed', () => {
  it('gives numbers, bytes and UUIDs of version 4, the same for the same seed', () => {
    const [one, other] = [randomFrom(seededRandom(5)), randomFrom(seededRandom(5))];
    const draw = ({ next, bytes, uuid }: typeof one) => [next(), bytes(12).toString('hex'), uuid(), uuid()];
    const drawn = draw(one);
    expect(draw(other)).toEqual(drawn);
    expect(drawn[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(drawn[3]).not.toBe(drawn[2]);
  });
});
