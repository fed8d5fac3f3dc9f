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
  /** Who could not reach it, the first accuser first; of a suspect only. */
  readonly suspectedBy?: readonly string[];
}

export type MemberStatus = 'ALIVE' | 'SUSPECT' | 'DEAD' | 'LEFT';

/** An accuser and two who confirm: more names decide nothing. */
export const MAX_ACCUSERS = 3;

const RANK: Readonly<Record<MemberStatus, number>> = { ALIVE: 0, SUSPECT: 1, DEAD: 2, LEFT: 3 };

/** What decides between two pieces of news about the same member. */
type Claim = Pick<Member, 'status' | 'incarnation'>;

/**
 * Whether news replaces what is known of the same member: a higher incarnation wins, at a tie the graver status.
 * Leaving is final. (SWIM, Das et al. 2002, section 4.2, with LEFT added.)
 */
export function supersedes(news: Claim, known: Claim): boolean {
  if (known.status === 'LEFT') return false;
  if (news.status === 'LEFT') return true;
  if (news.incarnation !== known.incarnation) return news.incarnation > known.incarnation;
  return RANK[news.status] > RANK[known.status];
}

/** What is known after the news, or `undefined` where it says nothing new. Another accuser of a suspect is news. */
export function merge(news: Member, known: Member): Member | undefined {
  if (supersedes(news, known)) return news;
  if (news.status !== 'SUSPECT' || known.status !== 'SUSPECT' || news.incarnation !== known.incarnation) return undefined;
  const accusers = known.suspectedBy ?? [];
  const others = (news.suspectedBy ?? []).filter((id) => !accusers.includes(id));
  if (others.length === 0 || accusers.length >= MAX_ACCUSERS) return undefined;
  return { ...known, suspectedBy: [...accusers, ...others].slice(0, MAX_ACCUSERS) };
}

/** The same member as somebody judges it. */
export function judged(member: Member, status: 'SUSPECT' | 'DEAD', accuser: string): Member {
  const { suspectedBy: _, ...rest } = member;
  return status === 'SUSPECT' ? { ...rest, status, suspectedBy: [accuser] } : { ...rest, status };
}

/** Still part of the fleet, as far as anybody knows: suspicion is a question, not an answer. */
export function isPresent(member: Pick<Member, 'status'>): boolean {
  return member.status === 'ALIVE' || member.status === 'SUSPECT';
}
