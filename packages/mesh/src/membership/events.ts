import type { Claims } from './claims.ts';
import type { Member, MemberStatus } from './member.ts';

/**
 * What a probe found. `refused`: nobody listens there any more, said by the operating system at once. `silent`: no proven
 * answer. A status code is never a verdict: an answer that proves nothing counts as silence.
 */
export type ProbeOutcome = 'answered' | 'refused' | 'silent';

/** What came of asking somebody to help. `silent` is his word that he has no answer; `mute`: he said nothing himself; `gone`: he refused. */
export type HelpOutcome = ProbeOutcome | 'mute' | 'gone';

/** A proven message of a member, or its answer to one of ours. */
export interface Heard {
  readonly type: 'heard';
  readonly id: string;
  /** Its own record; left out where it takes us to know that already. */
  readonly from?: Member | undefined;
  readonly updates: readonly Member[];
  /** Only an answer to one of ours shows that it can be reached; a message that it sends shows no more than that it lives. */
  readonly isAnswer: boolean;
  /** Hash of its table: see `table.ts`. */
  readonly digest?: string | undefined;
  /** The message is a comparison of tables, and what it says is older than news may be. */
  readonly isTable?: boolean;
  /** What it knows, for comparison. */
  readonly claims?: Claims | undefined;
  /** Ids of records that it would like to have. */
  readonly wants?: readonly string[];
  /** It had more records for us than fit. */
  readonly hasMore?: boolean;
}

/** What happens to the protocol. Times are monotonic milliseconds of the caller's clock. */
export type MembershipEvent =
  /** The beat. `lateMs`: by how much the timer woke late; a process that was paused must not blame the others for it. */
  | { readonly type: 'pulse'; readonly lateMs: number }
  | Heard
  | { readonly type: 'probed'; readonly id: string; readonly outcome: ProbeOutcome }
  | { readonly type: 'helped'; readonly id: string; readonly helper: string; readonly outcome: HelpOutcome }
  /** Somebody saw a connection of this member fail: look at once. */
  | { readonly type: 'doubted'; readonly id: string }
  | { readonly type: 'seed-answered'; readonly url: string; readonly ownerId: string | undefined }
  /** Another process has proven to own the address of this member: the old one cannot be there any more. */
  | { readonly type: 'replaced'; readonly id: string }
  | { readonly type: 'routes-changed'; readonly routesHash: string }
  /** For good, or only for now: who is gone for now comes back with a higher incarnation. */
  | { readonly type: 'left'; readonly isFinal: boolean };

/** What the shell has to do. Answers come back as events. */
export type MembershipAction =
  | { readonly type: 'probe'; readonly id: string; readonly url: string }
  | { readonly type: 'ask-helper'; readonly id: string; readonly helper: Member; readonly withinMs: number }
  /** Pass news on; an answer is welcome and not needed. */
  | { readonly type: 'gossip'; readonly to: Member; readonly updates: readonly Member[] }
  /** Compare tables: with a member, or with a seed of which only the address is known. */
  | { readonly type: 'sync'; readonly url: string; readonly id: string | undefined; readonly seed: string | undefined }
  /** Records that somebody asked for when tables were compared. */
  | { readonly type: 'deliver'; readonly to: Member; readonly records: readonly Member[] }
  | { readonly type: 'forgotten'; readonly id: string }
  | { readonly type: 'changed'; readonly member: Member; readonly previous: MemberStatus | undefined }
  /** So many fell silent at once that it may be us who is cut off: they stay callable. Told once, and once when it is over. */
  | { readonly type: 'preserving'; readonly isSo: boolean; readonly silent: number; readonly of: number };
