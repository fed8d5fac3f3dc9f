import type { ProbeOutcome } from './events.ts';
import type { Member } from './member.ts';

/** The two questions that members ask each other, by the last part of their paths. */
export type MessageKind = 'ping' | 'register';

/** Body of `POST /_discovery/ping` and `POST /_discovery/register`. Every field is optional: `{}` is a sign of life. */
export interface PeerMessage {
  readonly from?: Member;
  readonly members?: readonly Member[];
  /** Hash of the sender's table. */
  readonly digest?: string;
  /** Id of a third member to be probed on behalf of the sender, who waits so long for the outcome. */
  readonly probe?: string;
  readonly withinMs?: number;
  /** What the sender knows, a line a member (`claims.ts`), and which part of a large table that is. */
  readonly known?: readonly string[];
  readonly range?: readonly [first: string, last: string];
}

export interface PeerReply {
  readonly status: 'OK';
  readonly from?: Member;
  readonly members?: readonly Member[];
  /** Hash of the table that the answerer has; left out where it is the one in the question. */
  readonly digest?: string;
  readonly probed?: ProbeOutcome | 'unknown';
  /** Ids of records that the answerer would like to have. */
  readonly wants?: readonly string[];
  /** There are more records than fit. */
  readonly hasMore?: boolean;
}
