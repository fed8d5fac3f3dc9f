import type { Clock, Log, Random, Timer } from '@express-micro/core';
import type { MembershipAction, MembershipEvent, ProbeOutcome } from '../membership/events.ts';
import { isPresent, type Member } from '../membership/member.ts';
import { parseMember, parseMembers } from '../membership/member-codec.ts';
import { createState, type Entry, type MembershipState } from '../membership/state.ts';
import { speak, step } from '../membership/step.ts';
import type { MembershipTunables } from '../membership/tunables.ts';
import type { DiscoveryAnswer, DiscoveryClient } from './discovery-client.ts';
import type { MemberListener, MemberSource, PeerMessage, PeerReply, SourceMember } from './source.ts';

export interface PeerSourceOptions {
  /** Origins of the peers to ask first; any one of them is enough. */
  readonly peers: readonly string[];
  readonly tunables: MembershipTunables;
  readonly client: DiscoveryClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onChange: MemberListener;
  /** A member has been gone for so long that nobody needs to remember it. */
  readonly onForgotten: (id: string) => void;
}

const PING = '/_discovery/ping';
const REGISTER = '/_discovery/register';

/** Members that fit into one message of 64 KiB with room to spare; the rest comes with the next exchange. */
const MAX_MEMBERS_A_MESSAGE = 200;

/** The longest that `leave()` waits for the others to take note. */
const LEAVE_TIMEOUT_MS = 500;

/**
 * The default source: no server, only peers. The timers and messages around the pure membership protocol; every decision
 * is taken in `step`.
 */
export function createPeerSource(options: PeerSourceOptions): MemberSource {
  const { client, clock, random, log, tunables, onChange, onForgotten } = options;
  /** What was last said of each seed, so that it is said once. */
  const complaints = new Map<string, string>();
  let state: MembershipState | undefined;
  let beat: Timer | undefined;
  let nextBeatMs = 0;

  function apply(event: MembershipEvent): void {
    if (state === undefined) return;
    for (const action of step(state, clock.monotonicMs(), event)) perform(state, action);
  }

  function perform(current: MembershipState, action: MembershipAction): void {
    switch (action.type) {
      case 'changed': {
        const entry = current.entries.get(action.member.id);
        if (entry !== undefined) onChange(view(entry));
        break;
      }
      case 'forgotten':
        onForgotten(action.id);
        break;
      case 'probe':
        void probe(action.id, action.url).then((outcome) => apply({ type: 'probed', id: action.id, outcome }));
        break;
      case 'ask-helper':
        void askHelper(action.id, action.helper).then((outcome) => apply({ type: 'helped', id: action.id, outcome }));
        break;
      case 'gossip':
        void gossip(current.self, action.to, action.updates);
        break;
      case 'sync':
        void synchronise(action.url, action.id, action.seed);
        break;
    }
  }

  /** Sends one message and takes in what a proven answer says. */
  async function tell(url: string, path: string, message: PeerMessage, target: string | undefined): Promise<DiscoveryAnswer> {
    const timeoutMs = path === REGISTER ? tunables.syncTimeoutMs : tunables.probeTimeoutMs;
    const answer = await client({ url, method: 'POST', path, body: message, target, timeoutMs });
    if (answer.outcome === 'answered') {
      const { from, members, digest } = answer.body;
      const sender = parseMember(from);
      // An answer speaks for the one who signed it, and for nobody else.
      if (sender?.id === answer.instance) {
        apply({
          type: 'heard',
          from: sender,
          updates: parseMembers(members, tunables.maxMembers),
          isAnswer: true,
          digest: typeof digest === 'string' ? digest : undefined,
        });
      }
    }
    return answer;
  }

  async function probe(id: string, url: string): Promise<ProbeOutcome> {
    if (state === undefined) return 'silent';
    const { from, updates } = speak(state, id);
    let answer = await tell(url, PING, { from, members: updates }, id);
    // A dying process closes its connections before its port: the next try is refused, and that is an answer.
    if (answer.outcome === 'cut') answer = await tell(url, PING, { from, members: [] }, id);
    return answer.outcome === 'answered' || answer.outcome === 'refused' ? answer.outcome : 'silent';
  }

  async function gossip(from: Member, to: Member, members: readonly Member[]): Promise<void> {
    const { outcome } = await tell(to.url, PING, { from, members }, to.id);
    if (outcome === 'refused' || outcome === 'cut') apply({ type: 'doubted', id: to.id });
  }

  async function askHelper(id: string, helper: Member): Promise<ProbeOutcome> {
    if (state === undefined) return 'silent';
    const answer = await tell(helper.url, PING, { from: state.self, members: [], probe: id }, helper.id);
    const probed = answer.outcome === 'answered' ? answer.body.probed : undefined;
    return probed === 'answered' || probed === 'refused' ? probed : 'silent';
  }

  async function synchronise(url: string, id: string | undefined, seed: string | undefined): Promise<void> {
    if (state === undefined) return;
    const selfId = state.self.id;
    const answer = await tell(url, REGISTER, { from: state.self, members: table(state) }, id);
    if (seed !== undefined) {
      const ownerId = answer.outcome === 'answered' ? answer.instance : answer.outcome === 'self' ? selfId : undefined;
      apply({ type: 'seed-answered', url: seed, ownerId });
      tellOfSeed(seed, answer);
    }
  }

  /** A peer that cannot be reached looks the same from a caller's side, whatever the reason; so the reason is said here. */
  function tellOfSeed(seed: string, answer: DiscoveryAnswer): void {
    const complaint = complaintOf(answer);
    if (complaint === undefined) complaints.delete(seed);
    else if (complaints.get(seed) !== complaint) {
      complaints.set(seed, complaint);
      const say = answer.outcome === 'refused' ? log.info : log.warn;
      say(`peer ${seed}: ${complaint}`);
    }
  }

  function sayFarewell(to: Member, self: Member): Promise<DiscoveryAnswer> {
    const body: PeerMessage = { from: self };
    return client({ url: to.url, method: 'POST', path: PING, body, target: to.id, timeoutMs: LEAVE_TIMEOUT_MS });
  }

  function table(current: MembershipState): Member[] {
    const all = [...current.entries.values()].map((entry) => entry.member);
    if (all.length <= MAX_MEMBERS_A_MESSAGE) return all;
    const start = Math.floor(random.next() * all.length);
    return [...all.slice(start), ...all.slice(0, start)].slice(0, MAX_MEMBERS_A_MESSAGE);
  }

  function view({ member, isRefusing }: Entry): SourceMember {
    const { id, service, url, incarnation, routesHash, isSigning } = member;
    const status = isPresent(member) ? 'UP' : member.status === 'LEFT' ? 'LEFT' : 'DOWN';
    const isDoubtful = isRefusing || member.status !== 'ALIVE';
    return { id, service, url, incarnation, routesHash, isSigning, status, isDoubtful };
  }

  function onBeat(): void {
    const lateMs = Math.max(0, clock.monotonicMs() - nextBeatMs);
    nextBeatMs = clock.monotonicMs() + tunables.pulseMs;
    apply({ type: 'pulse', lateMs });
  }

  return {
    start(self) {
      state = createState({
        self: { ...self, incarnation: 1, status: 'ALIVE' },
        seeds: options.peers,
        tunables,
        random: () => random.next(),
        nowMs: clock.monotonicMs(),
      });
      nextBeatMs = clock.monotonicMs();
      beat = clock.every(tunables.pulseMs, onBeat);
      onBeat();
    },

    announceRoutes(routesHash) {
      apply({ type: 'routes-changed', routesHash });
    },

    members: () => (state === undefined ? [] : [...state.entries.values()].map(view)),

    heardAtMs: (id) => state?.entries.get(id)?.heardAtMs,

    doubt(id) {
      apply({ type: 'doubted', id });
    },

    replaced(id) {
      apply({ type: 'replaced', id });
    },

    silentSeeds: () =>
      state === undefined
        ? options.peers
        : [...state.seeds.values()].flatMap((seed) => (seed.ownerId === undefined ? [seed.url] : [])),

    seedOwners: () => [...(state?.seeds.values() ?? [])].flatMap((seed) => seed.ownerId ?? []),

    async receive(kind: 'ping' | 'register', message: PeerMessage): Promise<PeerReply> {
      if (message.from !== undefined) {
        apply({ type: 'heard', from: message.from, updates: message.members ?? [], isAnswer: false });
      }
      if (state === undefined) throw new Error('a peer source receives only after it has started');
      const target = message.probe === undefined ? undefined : state.entries.get(message.probe)?.member;
      const probed =
        message.probe === undefined ? undefined : target === undefined ? 'unknown' : await probe(target.id, target.url);
      const { from, updates, digest } = speak(state, message.from?.id);
      const members = kind === 'register' ? table(state) : updates;
      return { status: 'OK', from, members, digest, ...(probed === undefined ? {} : { probed }) };
    },

    async leave({ isFinal }) {
      if (state === undefined || state.self.status !== 'ALIVE') return;
      beat?.stop();
      const farewells = step(state, clock.monotonicMs(), { type: 'left', isFinal });
      const { self } = state;
      await Promise.all(farewells.map((action) => (action.type === 'gossip' ? sayFarewell(action.to, self) : undefined)));
    },

    close() {
      beat?.stop();
      state = undefined;
    },
  };
}

function complaintOf(answer: DiscoveryAnswer): string | undefined {
  if (answer.outcome === 'answered' || answer.outcome === 'self') return undefined;
  if (answer.outcome === 'refused') return 'nobody listens there yet; it is asked again';
  const status = answer.outcome === 'silent' ? answer.status : undefined;
  if (status === 401) return 'it answers 401. Has it the same EXPRESS_DISCOVERY_KEY?';
  if (status === 403) return 'it answers 403. Does its ipWhitelist have us?';
  if (status !== undefined) return `it answers ${status} and no proof that it is a member. Is it an express-micro app?`;
  return `no answer (${answer.reason}); it is asked again`;
}
