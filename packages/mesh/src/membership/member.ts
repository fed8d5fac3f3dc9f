/**
 * What a fleet says about one process, as it stands on the wire.
 *
 * A member is a process, not a service: a restart is a new member with a new id. The service name is a label that any
 * number of members carry.
 */
export interface Member {
  /** Random 128 bits, hex, made at process start. */
  readonly id: string;
  readonly service: string;
  /** Origin at which the process answers: `http://10.0.0.7:3001`. */
  readonly url: string;
  /** Raised by its owner alone, when it refutes a suspicion or its routes change. */
  readonly incarnation: number;
  readonly status: MemberStatus;
  /** Names the owner's current list of routes, which is fetched from the owner itself. */
  readonly routesHash: string;
  /** It takes signed calls only: whoever calls it signs, also where that is not switched on for itself. */
  readonly isSigning: boolean;
}

export type MemberStatus = 'ALIVE' | 'SUSPECT' | 'DEAD' | 'LEFT';

const RANK: Readonly<Record<MemberStatus, number>> = { ALIVE: 0, SUSPECT: 1, DEAD: 2, LEFT: 3 };

/**
 * Whether news replaces what is known of the same member: a higher incarnation wins, at a tie the graver status.
 * Leaving is final. (SWIM, Das et al. 2002, section 4.2, with LEFT added.)
 */
export function supersedes(news: Member, known: Member): boolean {
  if (known.status === 'LEFT') return false;
  if (news.status === 'LEFT') return true;
  if (news.incarnation !== known.incarnation) return news.incarnation > known.incarnation;
  return RANK[news.status] > RANK[known.status];
}

/** Still part of the fleet, as far as anybody knows: suspicion is a question, not an answer. */
export function isPresent(member: Member): boolean {
  return member.status === 'ALIVE' || member.status === 'SUSPECT';
}
