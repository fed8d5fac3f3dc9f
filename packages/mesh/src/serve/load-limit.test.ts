import { describe, expect, it } from 'vitest';
import { admits, createLoadLimit, createRouteLatency, learn, type RouteLatency } from './load-limit.ts';

/** A seeded generator (mulberry32): a run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Route {
  readonly share: number;
  readonly meanMs: number;
  /** Sleeps, and needs no worker: a stream, a long poll. */
  readonly isIdle?: boolean;
}

interface Phase {
  readonly untilMs: number;
  readonly ratePerSecond: number;
  /** Everything takes so many times as long. */
  readonly slowdown?: number;
  readonly routes?: readonly Route[];
}

type Three = [Measured, Measured, Measured];
type Four = [Measured, Measured, Measured, Measured];

interface Measured {
  readonly offered: number;
  readonly refused: number;
  readonly goodput: number;
  readonly p99: number;
}

/** Requests arrive by chance, wait for one of `workers`, take a time of chance: an app before its database. */
function simulate(workers: number, phases: readonly Phase[], { spread = 'exponential', seed = 1, held = 5_000 } = {}) {
  const random = seeded(seed);
  const state = createLoadLimit({ minInFlight: 20, maxInFlight: 5_000, tolerance: 2 });
  const latencies = new Map<Route, RouteLatency>();
  const ends: { atMs: number; run: () => void }[] = [];
  const queue: { route: Route; beganAtMs: number }[] = [];
  let busy = 0;
  let inFlight = 0;
  let now = 0;

  const chance = () => (spread === 'exponential' ? -Math.log(1 - random()) : Math.exp(1.5 * gauss() - 1.125));
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const at = (atMs: number, run: () => void) => {
    let index = ends.length;
    while (index > 0 && (ends[index - 1] as { atMs: number }).atMs < atMs) index -= 1;
    ends.splice(index, 0, { atMs, run });
  };
  let phase = phases[0] as Phase;
  let tally = { refused: 0, offered: 0, took: [] as number[], since: 0 };

  function finish(route: Route, beganAtMs: number) {
    const tookMs = now - beganAtMs;
    if (tookMs < held) {
      inFlight -= 1;
      const latency = latencies.get(route) ?? createRouteLatency();
      latencies.set(route, latency);
      learn(state, latency, beganAtMs, now);
    }
    if (!route.isIdle) tally.took.push(tookMs);
  }
  function work(route: Route, beganAtMs: number) {
    busy += 1;
    at(now + route.meanMs * (phase.slowdown ?? 1) * chance(), () => {
      busy -= 1;
      finish(route, beganAtMs);
      const next = queue.shift();
      if (next !== undefined) work(next.route, next.beganAtMs);
    });
  }
  function arrive() {
    let draw = random();
    const routes = phase.routes ?? USUAL;
    const route =
      routes.find(({ share }) => {
        draw -= share;
        return draw <= 0;
      }) ?? (routes[0] as Route);
    tally.offered += 1;
    if (!admits(state, now, inFlight)) {
      tally.refused += 1;
      return;
    }
    inFlight += 1;
    const beganAtMs = now;
    if (route.isIdle) {
      const tookMs = route.meanMs * chance();
      at(now + tookMs, () => finish(route, beganAtMs));
      if (tookMs >= held)
        at(now + held, () => {
          inFlight -= 1;
        });
    } else if (busy < workers) work(route, beganAtMs);
    else queue.push({ route, beganAtMs });
  }

  return phases.map((each): Measured => {
    phase = each;
    tally = { refused: 0, offered: 0, took: [], since: now };
    let nextMs = now - (Math.log(1 - random()) * 1_000) / phase.ratePerSecond;
    while (now < phase.untilMs) {
      const end = ends.at(-1);
      if (end !== undefined && end.atMs <= nextMs) {
        ends.pop();
        now = end.atMs;
        end.run();
      } else {
        now = nextMs;
        arrive();
        nextMs = now - (Math.log(1 - random()) * 1_000) / phase.ratePerSecond;
      }
    }
    const sorted = tally.took.sort((a, b) => a - b);
    return {
      offered: tally.offered,
      refused: tally.refused,
      goodput: (sorted.length * 1_000) / (now - tally.since),
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    };
  });
}

const USUAL: readonly Route[] = [{ share: 1, meanMs: 20 }];
const SEEDS = [1, 2, 3, 4, 5];

describe('in an overload of three times what it can', () => {
  it.each([
    ['10 workers of 20 ms', 10, { share: 1, meanMs: 20 }],
    ['50 workers of 50 ms', 50, { share: 1, meanMs: 50 }],
    ['100 workers of 200 ms', 100, { share: 1, meanMs: 200 }],
  ] as const)(
    '%s keep their goodput, and who is let in waits no more than twice as long as at the peak',
    (_what, workers, route) => {
      const capacity = (workers * 1_000) / route.meanMs;
      const routes = [route];
      for (const seed of SEEDS) {
        const [, peak, , over] = simulate(
          workers,
          [
            { untilMs: 20_000, ratePerSecond: capacity / 2, routes },
            { untilMs: 40_000, ratePerSecond: capacity * 0.95, routes },
            { untilMs: 43_000, ratePerSecond: capacity * 3, routes },
            { untilMs: 103_000, ratePerSecond: capacity * 3, routes },
          ],
          { seed },
        ) as unknown as Four;
        expect(over.goodput / capacity).toBeGreaterThan(0.8);
        expect(over.p99 / peak.p99).toBeLessThan(2);
      }
    },
  );

  it('it does not come to take the queue for normal, however long the overload lasts', () => {
    const [, , first, last] = simulate(50, [
      { untilMs: 20_000, ratePerSecond: 500 },
      { untilMs: 25_000, ratePerSecond: 7_500 },
      { untilMs: 35_000, ratePerSecond: 7_500 },
      { untilMs: 155_000, ratePerSecond: 7_500 },
    ]) as unknown as Four;
    expect(last.p99).toBeLessThan(1.5 * first.p99);
  });

  it('it is over as soon as the load is', () => {
    const [, , , after] = simulate(50, [
      { untilMs: 20_000, ratePerSecond: 500 },
      { untilMs: 40_000, ratePerSecond: 7_500 },
      { untilMs: 42_000, ratePerSecond: 2_000 },
      { untilMs: 60_000, ratePerSecond: 2_000 },
    ]) as unknown as Four;
    expect(after.refused).toBe(0);
  });
});

describe('nothing is refused in normal operation:', () => {
  const refused = (phases: readonly Phase[], options: Parameters<typeof simulate>[2] = {}, workers = 1_000) =>
    SEEDS.map((seed) => simulate(workers, phases, { ...options, seed }).reduce((sum, each) => sum + each.refused, 0));

  it.each(['exponential', 'lognormal'])('times of chance, %s, with 100 under way', (spread) => {
    expect(refused([{ untilMs: 120_000, ratePerSecond: 1_000, routes: [{ share: 1, meanMs: 100 }] }], { spread })).toEqual(
      SEEDS.map(() => 0),
    );
  });

  it('a slow start, ten times as slow as later', () => {
    expect(
      refused([
        { untilMs: 5_000, ratePerSecond: 500, slowdown: 10 },
        { untilMs: 60_000, ratePerSecond: 2_000 },
      ]),
    ).toEqual(SEEDS.map(() => 0));
  });

  it('another mix of routes: first the fast one, then mostly the slow one', () => {
    const fast = { share: 0.99, meanMs: 2 };
    const slow = { share: 0.01, meanMs: 300 };
    expect(
      refused([
        { untilMs: 60_000, ratePerSecond: 500, routes: [fast, slow] },
        { untilMs: 90_000, ratePerSecond: 500, routes: [slow, { ...fast, share: 0.2 }] },
      ]),
    ).toEqual(SEEDS.map(() => 0));
  });

  it('streams and long polls beside it', () => {
    const quick = { share: 0.9, meanMs: 20 };
    const stream = { share: 0.1, meanMs: 30_000, isIdle: true };
    expect(refused([{ untilMs: 120_000, ratePerSecond: 300, routes: [quick, stream] }])).toEqual(SEEDS.map(() => 0));
  });

  it('a burst of ten times the load that the workers can take', () => {
    expect(
      refused([
        { untilMs: 20_000, ratePerSecond: 200 },
        { untilMs: 22_000, ratePerSecond: 2_000 },
        { untilMs: 40_000, ratePerSecond: 200 },
      ]),
    ).toEqual(SEEDS.map(() => 0));
  });
});

it('what has become slower for good is accepted: ten seconds later nothing is refused any more', () => {
  for (const seed of SEEDS) {
    const routes = [{ share: 1, meanMs: 100 }];
    const [before, , after] = simulate(
      1_000,
      [
        { untilMs: 30_000, ratePerSecond: 500, routes },
        { untilMs: 40_000, ratePerSecond: 500, slowdown: 5, routes },
        { untilMs: 90_000, ratePerSecond: 500, slowdown: 5, routes },
      ],
      { seed },
    ) as unknown as Three;
    expect([before.refused, after.refused]).toEqual([0, 0]);
  }
});

it('never lets in more than the most, nor refuses below the least', () => {
  const state = createLoadLimit({ minInFlight: 20, maxInFlight: 30, tolerance: 2 });
  expect([admits(state, 0, 29), admits(state, 0, 30)]).toEqual([true, false]);
  const route = createRouteLatency();
  for (let now = 0; now < 60_000; now += 10) {
    admits(state, now, 25);
    learn(state, route, now - (now < 10_000 ? 20 : 400), now);
    expect(admits(state, now, 19)).toBe(true);
  }
});
