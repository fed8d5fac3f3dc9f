import { settlesWithin, type Timer } from '@express-micro/core';
import type { Member } from '../membership/member.ts';
import { parseMember } from '../membership/member-codec.ts';
import type { PeerMessage, PeerReply } from '../membership/messages.ts';
import { createAsker } from './ask.ts';
import { type DnsName, type DnsResolver, resolveOrigins } from './dns-names.ts';
import {
  createDnsState,
  type DnsState,
  isWorthAsking,
  MAX_SILENCES,
  type Place,
  takeAddresses,
  takeFailure,
  takeMember,
  takeNews,
  views,
} from './dns-state.ts';
import { createEngineStatus } from './engine-status.ts';
import { backoffMs, registryTimes } from './registry-times.ts';
import type { MemberSource, SourceSurroundings } from './source.ts';
import { within } from './within.ts';

const MAX_MEMBERS = 4096;
/** Three of these in a row, and `pingInterval` before them, are less than 2.5 × `pingInterval` + 1 s. */
const MIN_ASK_TIMEOUT_MS = 300;
const LEAVE_TIMEOUT_MS = 500;

export interface DnsSourceSettings {
  /** What the others have heard of this process so far: it only grows, also over several joins. */
  readonly heard: { incarnation: number };
  readonly names: readonly DnsName[];
  readonly resolver: DnsResolver;
  readonly protocol: 'http' | 'https';
}

/**
 * Makes members of addresses: DNS says where somebody may be, and everybody says himself who he is. Once in `pingInterval`
 * the names are resolved and everybody is asked, with our own record in the question, so that he knows us by it.
 */
export function createDnsSource(settings: DnsSourceSettings, surroundings: SourceSurroundings): MemberSource {
  const { clock, random, client, pingIntervalMs } = surroundings;
  const times = registryTimes(pingIntervalMs);
  const engine = createEngineStatus('DNS', surroundings.log, surroundings.onEngine);
  /** What each name last led to: of one that cannot be resolved now, that holds. */
  const addresses = new Map<DnsName, readonly string[]>();
  let state: DnsState | undefined;
  let own: Member | undefined;
  let nextResolve: Timer | undefined;
  let nextRound: Timer | undefined;
  let isLeaving = false;

  const question = createAsker({
    client,
    timeoutMs: Math.max(MIN_ASK_TIMEOUT_MS, pingIntervalMs / 5),
    message: () => ({ from: own }),
    onAnswer(url, answer) {
      const place = state?.places.get(url);
      if (state === undefined || place === undefined) return;
      const member = answer.outcome === 'answered' ? parseMember(answer.body.from) : undefined;
      // An answer speaks for the one who signed it, and for nobody else.
      if (answer.outcome === 'answered' && member?.id === answer.instance) takeMember(state, url, member, clock.monotonicMs());
      else takeFailure(place, answer.outcome === 'refused' || answer.outcome === 'self' ? answer.outcome : 'silent');
      tell();
      if (place.silences > 0 && place.silences < MAX_SILENCES && place.member !== undefined) ask(place);
    },
  });
  const ask = ({ url }: Place): void => question({ key: url, url, target: undefined });

  function tell(): void {
    if (state === undefined) return;
    const { changed, forgotten } = takeNews(state, clock.monotonicMs(), MAX_MEMBERS);
    for (const member of changed) surroundings.onChange(member);
    for (const id of forgotten) surroundings.onForgotten(id);
  }

  async function resolve(): Promise<void> {
    const results = await Promise.allSettled(
      settings.names.map((name) => within(clock, times.engineTimeoutMs, resolveName(name))),
    );
    if (state === undefined) return;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) engine.succeeded();
    else engine.failed(failed.reason, views(state).size);
    const urls = [...new Set([...addresses.values()].flat())].filter((url) => url !== own?.url).slice(0, MAX_MEMBERS);
    takeAddresses(state, urls);
    tell();
    for (const place of state.places.values()) if (!place.isAsked && place.isListed) ask(place);
    const pauseMs = engine.failures === 0 ? pingIntervalMs : backoffMs(engine.failures, times, random.next());
    nextResolve = clock.after(pauseMs, () => void resolve());
  }

  async function resolveName(name: DnsName): Promise<void> {
    addresses.set(name, await resolveOrigins(settings.resolver, name, settings.protocol, MAX_MEMBERS));
  }

  function round(): void {
    if (state === undefined) return;
    for (const place of state.places.values()) if (isWorthAsking(place)) ask(place);
    nextRound = clock.after(pingIntervalMs, round);
  }

  function nextIncarnation(): number {
    settings.heard.incarnation += 1;
    return settings.heard.incarnation;
  }

  const members = () => (state === undefined ? [] : [...views(state).values()]);
  const placeOf = (id: string) => [...(state?.places.values() ?? [])].find(({ member }) => member?.id === id);

  return {
    start(self) {
      own = { ...self, incarnation: nextIncarnation(), status: 'ALIVE' };
      state = createDnsState(surroundings.known);
      round();
      void resolve();
    },

    announceRoutes(routesHash) {
      if (own === undefined || own.routesHash === routesHash || isLeaving) return;
      own = { ...own, routesHash, incarnation: nextIncarnation() };
      // Whoever is asked by us knows it.
      for (const place of state?.places.values() ?? []) if (isWorthAsking(place)) ask(place);
    },

    members,
    heardAtMs: (id) => placeOf(id)?.heardAtMs,

    doubt(id) {
      const place = placeOf(id);
      if (place !== undefined) ask(place);
    },

    replaced(id) {
      const place = placeOf(id);
      if (place === undefined) return;
      place.member = undefined;
      tell();
      ask(place);
    },

    silentSeeds: () => [],
    seedOwners: () => members().flatMap(({ id, status, isDoubtful }) => (status === 'UP' && !isDoubtful ? id : [])),

    missing() {
      const isAsking = [...(state?.places.values() ?? [])].some((place) => place.isListed && !place.isAsked);
      return engine.missing() ?? (isAsking ? 'still asking at the addresses that DNS names' : undefined);
    },

    async receive(_kind, _sender, { from }: PeerMessage): Promise<PeerReply> {
      if (state === undefined || own === undefined) throw new Error('a source receives only after it has started');
      const known = from === undefined ? undefined : (placeOf(from.id) ?? state.places.get(from.url));
      if (from !== undefined && known?.member?.id === from.id) takeMember(state, known.url, from, clock.monotonicMs());
      // A newcomer is where DNS says, or will say: who he is, he is asked there.
      else if (from !== undefined && known !== undefined) ask(known);
      else if (from?.status === 'ALIVE' && state.places.size < MAX_MEMBERS) {
        takeMember(state, from.url, from, clock.monotonicMs());
      }
      tell();
      return { status: 'OK', from: own, members: [] };
    },

    async leave({ isFinal }) {
      if (own === undefined || isLeaving) return;
      isLeaving = true;
      nextRound?.stop();
      nextResolve?.stop();
      own = { ...own, status: isFinal ? 'LEFT' : 'DEAD', incarnation: nextIncarnation() };
      const body = { from: own };
      const farewells = members().map(async ({ id, url, status }) => {
        if (status !== 'UP') return;
        await client({ url, method: 'POST', path: '/_discovery/ping', body, target: id, timeoutMs: LEAVE_TIMEOUT_MS });
      });
      await settlesWithin(clock, LEAVE_TIMEOUT_MS, Promise.all(farewells));
    },

    close() {
      state = undefined;
      nextRound?.stop();
      nextResolve?.stop();
    },
  };
}
