import type { Member, MemberStatus } from './member.ts';

/**
 * What a probe found. `refused`: nobody listens there any more, said by the operating system at once. `silent`: no proven
 * answer in time. A status code is never a verdict: an answer that proves nothing counts as silence.
 */
export type ProbeOutcome = 'answered' | 'refused' | 'silent';

/** What happens to the protocol. Times are monotonic milliseconds of the caller's clock. */
export type MembershipEvent =
  /** The beat. `lateMs`: by how much the timer woke late; a process that was paused must not blame the others for it. */
  | { readonly type: 'pulse'; readonly lateMs: number }
  /**
   * A proven message of `from`. Only an answer to one of ours shows that it can be reached; a message that it sends shows
   * no more than that it lives.
   */
  | {
      readonly type: 'heard';
      readonly from: Member;
      readonly updates: readonly Member[];
      readonly isAnswer: boolean;
      readonly digest?: string | undefined;
    }
  | { readonly type: 'probed'; readonly id: string; readonly outcome: ProbeOutcome }
  | { readonly type: 'helped'; readonly id: string; readonly outcome: ProbeOutcome }
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
  | { readonly type: 'ask-helper'; readonly id: string; readonly helper: Member }
  /** Pass news on; an answer is welcome and not needed. */
  | { readonly type: 'gossip'; readonly to: Member; readonly updates: readonly Member[] }
  /** Exchange whole tables: with a member, or with a seed of which only the address is known. */
  | { readonly type: 'sync'; readonly url: string; readonly id: string | undefined; readonly seed: string | undefined }
  | { readonly type: 'forgotten'; readonly id: string }
  | { readonly type: 'changed'; readonly member: Member; readonly previous: MemberStatus | undefined };
