import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MeshOptions } from '../../src/options.ts';
import { startMember, type TestMember, until } from './member.test-support.ts';

/** One way to find each other, as the suite needs it. What it cannot do is data, and leaves out the rows that ask for it. */
export interface TestedSource {
  readonly name: string;
  /** Why it cannot be tested here; `undefined` where it can. */
  readonly missing?: string | undefined;
  readonly pingIntervalMs: number;
  /** False for a source without an engine that could be lost. */
  readonly hasEngine: boolean;
  /** False where nobody can write records. */
  readonly hasRecords?: boolean;
  open(): Promise<OpenSource>;
}

export interface OpenSource {
  /** The options of one more member, which is at this address; each has a client of its own. */
  member(url: string): Promise<{ readonly options: Pick<MeshOptions, 'peers' | 'source'>; end(): unknown }>;
  /** The engine that can be killed and started again. */
  readonly engine?: { kill(): Promise<void>; start(): Promise<void>; wipe(): void };
  /** Writes what is no record to where the records are. */
  readonly spoil?: (value: string) => Promise<void>;
  close(): Promise<void>;
}

/** A member that left or fell silent is no member any more: what the documents promise, with nothing added. */
const boundMs = (pingIntervalMs: number): number => 2.5 * pingIntervalMs + 1_000;

/** What every source of members must do, whatever stands behind it. */
export function describeSource(tested: TestedSource): void {
  const { name, missing, pingIntervalMs } = tested;
  if (missing !== undefined) console.warn(`skipped: ${missing}`);
  describe.skipIf(missing !== undefined)(`${name} as a source of members`, () => {
    const withinMs = boundMs(pingIntervalMs);
    const ends: (() => unknown)[] = [];
    let source: OpenSource;

    beforeAll(async () => {
      source = await tested.open();
    }, 60_000);
    afterAll(() => source?.close());
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });

    async function member(service: string, more: { port?: number; pingIntervalMs?: number } = {}): Promise<TestMember> {
      let client: Awaited<ReturnType<OpenSource['member']>> | undefined;
      const started = await startMember({
        service,
        pingIntervalMs,
        ...more,
        found: async (url) => {
          client = await source.member(url);
          return client.options;
        },
      });
      ends.push(async () => {
        await started.leave();
        await client?.end();
      });
      return started;
    }

    const sees = (one: TestMember, ...others: readonly TestMember[]) =>
      until(
        `${one.service} sees ${others.map(({ service }) => service).join(' and ')}`,
        () => others.map(({ service }) => one.up(service).map(({ url }) => url)),
        (seen) => others.every(({ url }, index) => seen[index]?.includes(url)),
        withinMs,
      );

    /** Whoever is only down would still be shown. */
    const forgets = (one: TestMember, other: TestMember, ms = withinMs) =>
      until(
        `${one.service} knows that ${other.service} has left`,
        () => one.mesh.instances(other.service),
        (seen) => seen.length === 0,
        ms,
      );

    const isGone = (one: TestMember, other: TestMember) =>
      until(
        `${one.service} knows that ${other.service} is gone`,
        () => one.up(other.service),
        (seen) => seen.every(({ url }) => url !== other.url),
        withinMs,
      );

    it('those who start together find each other, and a late joiner finds them and is found', async () => {
      const [a, b] = await Promise.all([member('a'), member('b')]);
      await Promise.all([sees(a, b), sees(b, a)]);
      const late = await member('late');
      await Promise.all([sees(late, a, b), sees(a, late), sees(b, late)]);
      expect(await call(a, 'late')).toBe(portOf(late));
    });

    it('who leaves is no member any more, and was never called down', async () => {
      const [a, b] = await Promise.all([member('a'), member('b')]);
      await sees(a, b);
      await b.leave();
      await forgets(a, b);
    });

    it('who is killed or falls silent without a word is down in time, though nobody calls', async () => {
      const [a, b, c] = await Promise.all([member('a'), member('b'), member('c')]);
      await sees(a, b, c);
      b.freeze();
      await Promise.all([c.crash(), isGone(a, b), isGone(a, c)]);
    });

    it('a restart at the same address is somebody new, and retires the old one', async () => {
      const [a, b] = await Promise.all([member('a'), member('b')]);
      await sees(a, b);
      const former = a.up('b')[0]?.id;
      await b.crash();
      const again = await member('b', { port: portOf(b) });
      await until(
        'a knows the new one alone',
        () => a.up('b'),
        (seen) => seen.length === 1 && seen[0]?.id !== former,
        withinMs,
      );
      expect(await call(a, 'b')).toBe(portOf(again));
    });

    it('a route that is declared later is known to the others', async () => {
      const [a, b] = await Promise.all([member('a'), member('b')]);
      await sees(a, b);
      const { incarnation = 0 } = a.up('b')[0] ?? {};
      b.addRoute({ method: 'GET', paths: ['/later'] });
      await until(
        'a hears of it',
        () => a.up('b')[0]?.incarnation ?? 0,
        (seen) => seen > incarnation,
        withinMs,
      );
      await expect((a.mesh.services as Services).b?.getLater?.()).resolves.toBe(portOf(b));
    });

    if (!tested.hasEngine) return;

    it('a change is heard when it is made, and not with the next round', async () => {
      const slow = { pingIntervalMs: 30_000 };
      const beforeTheNextRoundMs = 8_000;
      const a = await member('a', slow);
      await tells(a, 'connected');
      const b = await member('b', slow);
      await until(
        'a sees b',
        () => a.up('b').length,
        (seen) => seen === 1,
        beforeTheNextRoundMs,
      );
      await b.leave();
      await forgets(a, b, beforeTheNextRoundMs);
    });

    it('losing the engine wipes nothing: calls go on, and all is as before when it is back', async () => {
      const { engine } = source;
      if (engine === undefined) throw new Error('the source has no engine to lose');
      const [a, b, c] = await Promise.all([member('a'), member('b'), member('c')]);
      await Promise.all([sees(a, b, c), sees(b, a, c)]);
      const calls = callSteadily(a, 'b');

      await engine.kill();
      const killedAtMs = performance.now();
      await Promise.all([a, b].map((one) => tells(one, 'lost')));
      const early = await member('early');
      await c.crash();
      await expect(call(a, 'c')).rejects.toMatchObject({ code: 'MESH_SERVICE_UNAVAILABLE' });
      await isGone(a, c);
      const leaseMs = 1.5 * pingIntervalMs;
      await until(
        'all leases have ended',
        () => performance.now() - killedAtMs,
        (passedMs) => passedMs > leaseMs,
        withinMs,
      );
      engine.wipe();
      await engine.start();

      await Promise.all([a, b, early].map((one) => tells(one, 'connected')));
      const late = await member('late');
      await Promise.all([sees(late, a, b, early), sees(a, b, early, late), sees(b, a, early, late), sees(early, a, b, late)]);
      const { made, failures } = await calls.stop();
      expect(failures).toEqual([]);
      expect(made).toBeGreaterThan(10);
      expect([...a.downs, ...b.downs, ...early.downs].filter(({ service }) => service !== 'c')).toEqual([]);
      for (const one of [a, b]) expect(one.warnings.filter((line) => line.includes('is lost'))).toHaveLength(1);
    });

    if (tested.hasRecords === false) return;

    it('what is no record of a member is left out, and said once', async () => {
      for (const value of ['garbage', '{"__proto__":{"id":1}}', 'x'.repeat(5_000), '[]', '{}']) await source.spoil?.(value);
      const [a, b] = await Promise.all([member('a'), member('b')]);
      await sees(a, b);
      a.addRoute({ method: 'GET', paths: ['/one-more'] });
      await until(
        'b has looked again',
        () => b.up('a')[0]?.incarnation,
        (seen) => seen === 2,
        withinMs,
      );
      expect(b.mesh.instances()).toHaveLength(1);
      expect(b.warnings.filter((line) => line.includes('no record of a member'))).toHaveLength(1);
    });
  });
}

/** The source has told so, last. */
function tells(one: TestMember, status: 'connected' | 'lost'): Promise<number> {
  return until(
    `${one.service} tells that the engine is ${status}`,
    () => one.engine.at(-1)?.status,
    (seen) => seen === status,
    10_000,
  );
}

/** One call after the other, until it is stopped. */
function callSteadily(from: TestMember, service: string) {
  const failures: unknown[] = [];
  let made = 0;
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) {
      await call(from, service).catch((error: unknown) => failures.push(error));
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await work;
      return { made, failures };
    },
  };
}

type Services = Record<string, Record<string, () => Promise<unknown>>>;

export function call(from: TestMember, service: string): Promise<unknown> {
  return (from.mesh.services as Services)[service]?.getPort?.() ?? Promise.reject(new Error('no such function'));
}

function portOf({ url }: TestMember): number {
  return Number(new URL(url).port);
}
