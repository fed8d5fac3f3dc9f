import { settlesWithin, type Timer } from '@express-micro/core';
import { createAsker } from './ask.ts';
import { createEngineStatus } from './engine-status.ts';
import { type MemberRecord, writeRecord } from './record.ts';
import { createRecordReader } from './record-reader.ts';
import type { LeaseRegistry } from './registry.ts';
import { createRegistryState, isSettling, takeAnswer, takeList, takeNews, toAsk, view } from './registry-state.ts';
import { backoffMs, registryTimes } from './registry-times.ts';
import type { MemberSource, SourceFactory, SourceSelf, SourceSurroundings } from './source.ts';
import { within } from './within.ts';

/** Records read from an engine, and members remembered, at most. */
const MAX_MEMBERS = 4096;

/** @param open makes the adapter; it does no I/O before it is opened */
export function registrySource(name: string, open: (surroundings: SourceSurroundings) => LeaseRegistry): SourceFactory {
  return Object.freeze({
    name,
    create: (surroundings: SourceSurroundings) => createRegistrySource(name, open(surroundings), surroundings),
  });
}

/**
 * Makes members of the leases in an engine. Once a round it renews its own and lists all; every decision is taken in
 * `registry-state.ts`. While the engine is lost, what is known stays, and is judged by what the members themselves answer.
 */
export function createRegistrySource(name: string, registry: LeaseRegistry, surroundings: SourceSurroundings): MemberSource {
  const { clock, random, log } = surroundings;
  const times = registryTimes(surroundings.pingIntervalMs);
  const readRecords = createRecordReader(name, log, MAX_MEMBERS);
  const engine = createEngineStatus(name, log, surroundings.onEngine);
  let state: ReturnType<typeof createRegistryState> | undefined;
  let own: MemberRecord | undefined;
  /** What the engine is known to have of us. */
  let written: string | undefined;
  let isOpen = false;
  let isLeaving = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let nextRound: Timer | undefined;
  let nextLook: Timer | undefined;
  /** One thing at a time is asked of the engine, so that nothing old is written over something new. */
  let turn: Promise<void> = Promise.resolve();

  function inTurn(work: () => Promise<void>): Promise<void> {
    turn = turn.then(() => (state === undefined ? undefined : work()));
    return turn;
  }

  async function round(): Promise<void> {
    nextRound?.stop();
    try {
      if (!isOpen) await limited(registry.open(hint));
      isOpen = true;
      if (!isLeaving) await put();
      await list();
      if (engine.succeeded() && state !== undefined) state.returnedAtMs = clock.monotonicMs();
    } catch (error) {
      if (state === undefined) return;
      isOpen = false;
      written = undefined;
      engine.failed(error, state.members.size);
    }
    if (state === undefined) return;
    report();
    const pauseMs = engine.failures === 0 ? times.roundMs : backoffMs(engine.failures, times, random.next());
    if (!isLeaving) nextRound = clock.after(pauseMs, () => void inTurn(round));
  }

  async function put(): Promise<void> {
    if (own === undefined) return;
    const value = writeRecord(own);
    await limited(registry.put({ id: own.id, value, ttlMs: own.leaseMs, isNews: value !== written }));
    written = value;
  }

  async function list(): Promise<void> {
    lookedAtMs = clock.monotonicMs();
    const records = readRecords(await limited(registry.list(MAX_MEMBERS)));
    if (state !== undefined) takeList(state, records, clock.monotonicMs());
  }

  /** Something changed. Only the round decides whether the engine is lost: a hint that leads nowhere is just that. */
  function hint(): void {
    if (nextLook !== undefined || state === undefined) return;
    nextLook = clock.after(Math.max(0, lookedAtMs + times.hintGapMs - clock.monotonicMs()), () => {
      nextLook = undefined;
      void inTurn(() => list().then(report, () => {}));
    });
  }

  function tell(): void {
    if (state === undefined) return;
    const { changed, forgotten } = takeNews(state, clock.monotonicMs(), MAX_MEMBERS);
    for (const member of changed) surroundings.onChange(member);
    for (const id of forgotten) surroundings.onForgotten(id);
  }

  function report(): void {
    tell();
    if (state !== undefined) for (const { record } of toAsk(state, clock.monotonicMs())) ask(record);
  }

  const question = createAsker({
    client: surroundings.client,
    timeoutMs: times.askTimeoutMs,
    message: () => ({}),
    onAnswer(id, { outcome }) {
      if (state === undefined) return;
      takeAnswer(state, id, outcome === 'answered' || outcome === 'refused' ? outcome : 'silent');
      tell();
    },
  });
  const ask = ({ id, url }: MemberRecord): void => question({ key: id, url, target: id });

  const limited = <T>(work: Promise<T>): Promise<T> => within(clock, times.engineTimeoutMs, work);

  async function sayFarewell(status: 'LEFT' | 'DOWN'): Promise<void> {
    if (own === undefined || isLeaving) return;
    isLeaving = true;
    own = { ...own, status, incarnation: own.incarnation + 1 };
    nextRound?.stop();
    if (isOpen)
      await settlesWithin(
        clock,
        times.leaveTimeoutMs,
        inTurn(() => put().catch(() => {})),
      );
  }

  return {
    start(self: SourceSelf) {
      own = { ...self, incarnation: 1, status: 'UP', leaseMs: times.leaseMs };
      state = createRegistryState(self.id, surroundings.known, times.leaseMs);
      void inTurn(round);
    },

    announceRoutes(routesHash) {
      if (own === undefined || own.routesHash === routesHash || isLeaving) return;
      own = { ...own, routesHash, incarnation: own.incarnation + 1 };
      if (isOpen) void inTurn(round);
    },

    members() {
      const nowMs = clock.monotonicMs();
      const current = state;
      if (current === undefined) return [];
      return [...current.members.values()].map((member) => view(member, isSettling(current, member, nowMs)));
    },

    heardAtMs: (id) => state?.members.get(id)?.heardAtMs,

    doubt(id) {
      const member = state?.members.get(id);
      if (member?.record.status === 'UP' && !member.isReplaced) ask(member.record);
    },

    replaced(id) {
      const member = state?.members.get(id);
      if (member === undefined) return;
      member.isReplaced = true;
      report();
    },

    silentSeeds: () => [],
    missing: engine.missing,

    seedOwners: () =>
      [...(state?.members.values() ?? [])].flatMap(({ told }) => (told?.status === 'UP' && !told.isDoubtful ? told.id : [])),

    leave: ({ isFinal }) => sayFarewell(isFinal ? 'LEFT' : 'DOWN'),

    close() {
      state = undefined;
      nextRound?.stop();
      nextLook?.stop();
      registry.close().catch(() => {});
    },
  };
}
