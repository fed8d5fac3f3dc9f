import type { Clock, Timer } from '@express-micro/core';
import { answerClaims, claims } from './anti-entropy.ts';
import { type Claims, encodeClaim, parseClaims } from './claims.ts';
import { address, reply, speak } from './dissemination.ts';
import type { HelpOutcome, MembershipAction, MembershipEvent, ProbeOutcome } from './events.ts';
import type { Member, MemberStatus } from './member.ts';
import type { MessageKind, PeerMessage, PeerReply } from './messages.ts';
import { createState, type Entry, type MembershipState } from './state.ts';
import { step } from './step.ts';
import { tableDigest } from './table.ts';
import type { MembershipTunables } from './tunables.ts';

/** A message to another member, or to an address of which nobody knows who is there (no `target`). */
export interface Question {
  readonly kind: MessageKind;
  readonly url: string;
  readonly target: string | undefined;
  readonly message: PeerMessage;
  readonly timeoutMs: number;
}

/** What came back. Only a proven answer counts; `self`: it was our own; `cut`: the connection broke under the question. */
export type Answer =
  | { readonly outcome: 'answered'; readonly instance: string; readonly reply: PeerReply }
  | { readonly outcome: 'self' | 'refused' | 'silent' | 'cut' };

export interface ParticipantOptions {
  readonly self: Member;
  /** Addresses to ask first. */
  readonly seeds: readonly string[];
  readonly tunables: MembershipTunables;
  readonly clock: Clock;
  readonly random: () => number;
  /** Moves one question. Calls back once, whatever happens. */
  readonly send: (question: Question, done: (answer: Answer) => void) => void;
  readonly onChange: (entry: Entry, previous: MemberStatus | undefined) => void;
  readonly onForgotten: (id: string) => void;
  readonly onPreserving: (news: MembershipAction & { type: 'preserving' }) => void;
}

/** One process's part in the protocol: a beat, questions and answers around the pure step. The simulator and the sockets drive the same. */
export interface Participant {
  readonly state: MembershipState;
  /** Begins to look and to be seen. */
  start(): void;
  apply(event: MembershipEvent): void;
  /** Somebody asks. `sender` is who signed it, if anybody did. Answers at once, or when a probe on his behalf is back. */
  receive(kind: MessageKind, sender: string | undefined, message: PeerMessage, answer: (reply: PeerReply) => void): void;
  /** Ends its part, and gives the messages that tell the others. */
  leave(isFinal: boolean): Question[];
  stop(): void;
}

export function createParticipant(options: ParticipantOptions): Participant {
  const { tunables, clock, send } = options;
  const state = createState({ ...options, nowMs: clock.monotonicMs() });
  let nextBeatMs = clock.monotonicMs();
  let beat: Timer | undefined;

  function apply(event: MembershipEvent): void {
    for (const action of step(state, clock.monotonicMs(), event)) perform(action);
  }

  function perform(action: MembershipAction): void {
    switch (action.type) {
      case 'changed': {
        const entry = state.entries.get(action.member.id);
        if (entry !== undefined) options.onChange(entry, action.previous);
        break;
      }
      case 'forgotten':
        options.onForgotten(action.id);
        break;
      case 'preserving':
        options.onPreserving(action);
        break;
      case 'probe':
        probe(action.id, action.url, (outcome) => apply({ type: 'probed', id: action.id, outcome }));
        break;
      case 'ask-helper':
        askHelper(action.id, action.helper, action.withinMs);
        break;
      case 'gossip':
        gossip(action.to, action.updates);
        break;
      case 'deliver':
        tell('register', action.to.url, action.to.id, { from: state.self, members: action.records }, () => {});
        break;
      case 'sync':
        sync(action.url, action.id, action.seed);
        break;
    }
  }

  /** Sends one question and takes in what a proven answer says, before anything is made of the outcome. */
  function tell(
    kind: MessageKind,
    url: string,
    target: string | undefined,
    message: PeerMessage,
    done: (answer: Answer) => void,
  ): void {
    send({ kind, url, target, message, timeoutMs: tunables.messageTimeoutMs }, (answer) => {
      if (answer.outcome === 'answered') {
        const { instance: id, reply: told } = answer;
        // Left out, it is the one that we sent.
        const { from, members: updates = [], digest = message.digest, wants = [], hasMore = false } = told;
        apply({ type: 'heard', id, from, updates, digest, isAnswer: true, isTable: kind === 'register', wants, hasMore });
      }
      done(answer);
    });
  }

  function probe(id: string, url: string, done: (outcome: ProbeOutcome) => void): void {
    tell('ping', url, id, speak(state, id), (first) => {
      // A dying process closes its connections before its port: the next try is refused, and that is an answer.
      if (first.outcome === 'cut') tell('ping', url, id, address(state, id, []), (second) => done(outcomeOf(second)));
      else done(outcomeOf(first));
    });
  }

  function gossip(to: Member, updates: readonly Member[]): void {
    tell('ping', to.url, to.id, address(state, to.id, updates), ({ outcome }) => {
      if (outcome === 'refused' || outcome === 'cut') apply({ type: 'doubted', id: to.id });
    });
  }

  function askHelper(id: string, helper: Member, withinMs: number): void {
    const message = { ...speak(state, helper.id), probe: id, withinMs };
    tell('ping', helper.url, helper.id, message, (answer) => {
      const outcome = helpOf(answer);
      if (outcome === 'gone') apply({ type: 'doubted', id: helper.id });
      apply({ type: 'helped', id, helper: helper.id, outcome });
    });
  }

  /** Probes for somebody else. Our word comes in any case before he stops waiting for it: its absence would speak against him. */
  function help(id: string, withinMs: number, done: (probed: PeerReply['probed']) => void): void {
    const target = state.entries.get(id)?.member;
    if (target === undefined) {
      done('unknown');
      return;
    }
    let isDone = false;
    const finish = (outcome: ProbeOutcome) => {
      if (isDone) return;
      isDone = true;
      nack.stop();
      done(outcome);
    };
    const nack = clock.after(withinMs * tunables.nackAfter, () => finish('silent'));
    probe(id, target.url, finish);
  }

  function sync(url: string, id: string | undefined, seed: string | undefined): void {
    const { known, range } = claims(state, clock.monotonicMs());
    const { members: _, ...spoken } = address(state, id, []);
    const message = { ...spoken, known: known.map(encodeClaim), ...(range === undefined ? {} : { range }) };
    tell('register', url, id, message, (answer) => {
      if (id !== undefined && answer.outcome === 'refused') apply({ type: 'probed', id, outcome: 'refused' });
      if (seed === undefined) return;
      const ownerId = answer.outcome === 'answered' ? answer.instance : answer.outcome === 'self' ? state.self.id : undefined;
      apply({ type: 'seed-answered', url: seed, ownerId });
    });
  }

  function receive(kind: MessageKind, sender: string | undefined, message: PeerMessage, answer: (told: PeerReply) => void): void {
    const { from, members = [], digest, probe: wanted, withinMs = tunables.probeTimeoutMs } = message;
    const id = sender ?? from?.id;
    const known = parseClaims(message.known ?? [], tunables.maxMembers);
    const theirs = { known, range: message.range };
    if (id !== undefined) {
      const isTable = kind === 'register';
      apply({ type: 'heard', id, from, updates: members, digest, isAnswer: false, isTable, claims: theirs });
    }
    const say = (probed: PeerReply['probed']) => {
      const { digest: ours, ...told } = reply(state, id, members);
      const difference = ours === digest ? {} : { digest: ours };
      answer({ status: 'OK', ...told, ...difference, ...(probed === undefined ? {} : { probed }) });
    };
    if (kind === 'register' && message.members === undefined) answer(compare(theirs, digest));
    else if (wanted === undefined) say(undefined);
    else help(wanted, withinMs, say);
  }

  function compare(theirs: Claims, theirDigest: string | undefined): PeerReply {
    const { records, wants, hasMore } = answerClaims(state, theirs);
    const digest = tableDigest(state);
    const difference = digest === theirDigest ? {} : { from: state.self, digest };
    const wanted = wants.length === 0 ? {} : { wants };
    return { status: 'OK', ...difference, members: records, ...wanted, ...(hasMore ? { hasMore } : {}) };
  }

  function onBeat(): void {
    const nowMs = clock.monotonicMs();
    const lateMs = Math.max(0, nowMs - nextBeatMs);
    nextBeatMs = nowMs + tunables.pulseMs;
    apply({ type: 'pulse', lateMs });
  }

  return {
    state,
    apply,
    receive,
    start() {
      nextBeatMs = clock.monotonicMs();
      beat = clock.every(tunables.pulseMs, onBeat);
      onBeat();
    },
    leave(isFinal) {
      beat?.stop();
      if (state.self.status !== 'ALIVE') return [];
      return step(state, clock.monotonicMs(), { type: 'left', isFinal }).flatMap((action): Question[] => {
        if (action.type !== 'gossip') return [];
        const { url, id } = action.to;
        return [{ kind: 'ping', url, target: id, message: { from: state.self }, timeoutMs: tunables.messageTimeoutMs }];
      });
    },
    stop: () => beat?.stop(),
  };
}

function outcomeOf({ outcome }: Answer): ProbeOutcome {
  return outcome === 'answered' || outcome === 'refused' ? outcome : 'silent';
}

/** Whoever answers at all has helped, also by saying that he knows nothing. */
function helpOf(answer: Answer): HelpOutcome {
  if (answer.outcome === 'refused' || answer.outcome === 'cut') return 'gone';
  if (answer.outcome !== 'answered') return 'mute';
  const { probed } = answer.reply;
  return probed === 'answered' || probed === 'refused' ? probed : 'silent';
}
