import type { Clock, Timer } from '@express-micro/core';
import type { DiscoveryAnswer } from './discovery-client.ts';
import type { Lease, LeaseRegistry } from './registry.ts';
import { createRegistrySource } from './registry-source.ts';
import type { MemberSource, SourceEvent, SourceMember } from './source.ts';

/** Time that passes when the test says so; what promises wait for is done at each step. */
export function handTime() {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; run: () => void }>();
  const clock: Clock = {
    monotonicMs: () => nowMs,
    epochMs: () => nowMs,
    after(delayMs, run): Timer {
      const timer = { dueMs: nowMs + delayMs, run };
      timers.add(timer);
      return { stop: () => void timers.delete(timer) };
    },
    every: () => {
      throw new Error('a source sets each of its timers anew');
    },
  };
  const settle = async () => {
    for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
  };
  return {
    clock,
    pending: () => timers.size,
    async pass(durationMs: number): Promise<void> {
      const endMs = nowMs + durationMs;
      await settle();
      for (;;) {
        const next = [...timers].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.dueMs);
        timers.delete(next);
        next.run();
        await settle();
      }
      nowMs = endMs;
    },
  };
}

type Fault = 'refuses' | 'hangs' | undefined;

/** An engine in memory, which fails as it is told. */
export function createMemoryEngine(clock: Clock) {
  const leases = new Map<string, { value: string; endsAtMs: number }>();
  const hints = new Set<() => void>();
  const engine = {
    fault: undefined as Fault,
    losesHints: false,
    calls: 0,
    opened: 0,
    /** Records that were put as news. */
    news: 0,
    leases,
    hints,
    wipe: () => leases.clear(),
    registry(): LeaseRegistry {
      let hint: (() => void) | undefined;
      const answer = async <T>(work: () => T): Promise<T> => {
        engine.calls += 1;
        if (engine.fault === 'refuses') throw Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
        if (engine.fault === 'hangs') return new Promise<T>(() => {});
        return work();
      };
      return {
        open: (onHint) =>
          answer(() => {
            if (hint !== undefined) hints.delete(hint);
            hint = onHint;
            engine.opened += 1;
            hints.add(onHint);
          }),
        put: ({ id, value, ttlMs, isNews }: Lease) =>
          answer(() => {
            leases.set(id, { value, endsAtMs: clock.monotonicMs() + ttlMs });
            if (isNews) engine.news += 1;
            if (isNews && !engine.losesHints) for (const each of hints) each();
          }),
        list: (max) =>
          answer(() =>
            [...leases.values()]
              .filter(({ endsAtMs }) => endsAtMs > clock.monotonicMs())
              .slice(0, max)
              .map(({ value }) => value),
          ),
        close: async () => {
          if (hint !== undefined) hints.delete(hint);
        },
      };
    },
    watchers: () => hints.size,
  };
  return engine;
}

export type MemoryEngine = ReturnType<typeof createMemoryEngine>;

export const idOf = (letter: string): string => letter.repeat(32);

/** A source over that engine, with everything that it told. Who is asked answers as `answers` says: nobody there refuses. */
export function startSource(letter: string, engine: MemoryEngine, clock: Clock, known: readonly SourceMember[] = []) {
  const told: string[] = [];
  const lines: string[] = [];
  const events: SourceEvent[] = [];
  const forgotten: string[] = [];
  const asked: string[] = [];
  const answers = new Map<string, DiscoveryAnswer['outcome']>();
  const say = (line: string) => void lines.push(line);
  const source: MemberSource = createRegistrySource('Memory', engine.registry(), {
    pingIntervalMs: 1_000,
    clock,
    random: { next: () => 0.5, bytes: () => Buffer.alloc(0), uuid: () => '' },
    log: { info: say, warn: say, error: say },
    known,
    onChange: ({ id, status, isDoubtful }) => told.push(`${id[0]} ${status}${isDoubtful ? ' doubtful' : ''}`),
    onForgotten: (id) => forgotten.push(id[0] ?? ''),
    onEngine: (event) => events.push(event),
    client: async ({ target = '' }) => {
      asked.push(target[0] ?? '');
      const outcome = answers.get(target[0] ?? '') ?? 'refused';
      return outcome === 'answered' ? { outcome, instance: target, body: {} } : { outcome: outcome as 'refused', reason: '' };
    },
  });
  source.start({ id: idOf(letter), service: letter, url: urlOf(letter), routesHash: 'h', isSigning: false });
  return { source, told, lines, events, forgotten, asked, answers };
}

const urlOf = (letter: string): string => `http://10.0.0.${letter.charCodeAt(0)}:3000`;
