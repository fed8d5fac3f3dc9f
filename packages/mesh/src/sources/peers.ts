import type { MembershipAction } from '../membership/events.ts';
import { encodeQuestion, parseReply } from '../membership/message-codec.ts';
import { type Answer, createParticipant, type Participant, type Question } from '../membership/participant.ts';
import { isRoutable } from '../membership/preservation.ts';
import type { Entry } from '../membership/state.ts';
import type { MembershipTunables } from '../membership/tunables.ts';
import type { DiscoveryAnswer } from './discovery-client.ts';
import { complaintOf } from './seed-complaints.ts';
import type { DiscoverySurroundings, MemberSource, SourceMember } from './source.ts';

export interface PeerSourceOptions extends DiscoverySurroundings {
  /** Origins of the peers to ask first; any one of them is enough. */
  readonly peers: readonly string[];
  readonly tunables: MembershipTunables;
}

/** The longest that `leave()` waits for the others to take note. */
const LEAVE_TIMEOUT_MS = 500;

/**
 * The default source: no server, only peers. Signed messages over HTTP around the participant of the membership protocol;
 * every decision is taken in its pure step.
 */
export function createPeerSource(options: PeerSourceOptions): MemberSource {
  const { client, clock, random, log, tunables, onChange, onForgotten } = options;
  /** What was last said of each seed, so that it is said once. */
  const complaints = new Map<string, string>();
  let participant: Participant | undefined;

  async function ask({ kind, url, target, message, timeoutMs }: Question): Promise<DiscoveryAnswer> {
    return await client({ url, method: 'POST', ...encodeQuestion(kind, message), target, timeoutMs });
  }

  function send(question: Question, done: (answer: Answer) => void): void {
    const current = participant;
    void ask(question).then((answer) => {
      // The address of a seed is asked without a name, and nothing else is.
      if (question.target === undefined) tellOfSeed(question.url, answer);
      if (participant === current) done(answerOf(answer));
    });
  }

  function answerOf(answer: DiscoveryAnswer): Answer {
    if (answer.outcome !== 'answered') return { outcome: answer.outcome };
    const { instance, body } = answer;
    return { outcome: 'answered', instance, reply: parseReply(body, instance, tunables.maxMembers) };
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

  function tellOfPreservation({ isSo, silent, of }: MembershipAction & { type: 'preserving' }): void {
    if (isSo) {
      log.warn(
        `${silent} of ${of} members fell silent at once. That looks like a broken network: they stay callable, after all others, until they answer, refuse, or ${tunables.preserveMs / 1_000} s have passed.`,
      );
    } else log.info('the members that had fallen silent at once are back, or given up');
  }

  const entries = (): Entry[] => [...(participant?.state.entries.values() ?? [])];
  const seeds = () => [...(participant?.state.seeds.values() ?? [])];

  return {
    start(self) {
      participant = createParticipant({
        self: { ...self, incarnation: 1, status: 'ALIVE' },
        seeds: options.peers,
        tunables,
        clock,
        random: () => random.next(),
        send,
        onChange: (entry) => onChange(view(entry)),
        onForgotten,
        onPreserving: tellOfPreservation,
      });
      participant.start();
    },

    announceRoutes(routesHash) {
      participant?.apply({ type: 'routes-changed', routesHash });
    },

    members: () => entries().map(view),

    heardAtMs: (id) => participant?.state.entries.get(id)?.heardAtMs,

    doubt(id) {
      participant?.apply({ type: 'doubted', id });
    },

    replaced(id) {
      participant?.apply({ type: 'replaced', id });
    },

    silentSeeds: () =>
      participant === undefined ? options.peers : seeds().flatMap((seed) => (seed.ownerId === undefined ? [seed.url] : [])),

    seedOwners: () => seeds().flatMap((seed) => seed.ownerId ?? []),

    receive(kind, sender, message) {
      const current = participant;
      if (current === undefined) throw new Error('a peer source receives only after it has started');
      return new Promise((resolve) => current.receive(kind, sender, message, resolve));
    },

    async leave({ isFinal }) {
      const farewells = participant?.leave(isFinal) ?? [];
      await Promise.all(farewells.map((question) => ask({ ...question, timeoutMs: LEAVE_TIMEOUT_MS })));
    },

    close() {
      participant?.stop();
      participant = undefined;
    },
  };
}

function view(entry: Entry): SourceMember {
  const { id, service, url, incarnation, routesHash, isSigning, status } = entry.member;
  return {
    id,
    service,
    url,
    incarnation,
    routesHash,
    isSigning,
    status: isRoutable(entry) ? 'UP' : status === 'LEFT' ? 'LEFT' : 'DOWN',
    isDoubtful: entry.isRefusing || status !== 'ALIVE',
  };
}
