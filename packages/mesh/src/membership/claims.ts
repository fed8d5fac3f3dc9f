import type { Member, MemberStatus } from './member.ts';

/** One line of a table as tables are compared: who, in which incarnation and status. */
export interface Claim {
  readonly id: string;
  readonly incarnation: number;
  readonly status: MemberStatus;
}

/** A table, or the part of a large one that lies between two ids (both included). */
export interface Claims {
  readonly known: readonly Claim[];
  readonly range?: readonly [first: string, last: string] | undefined;
}

const LETTERS: Readonly<Record<MemberStatus, string>> = { ALIVE: 'A', SUSPECT: 'S', DEAD: 'D', LEFT: 'L' };
const STATUSES: Readonly<Record<string, MemberStatus>> = { A: 'ALIVE', S: 'SUSPECT', D: 'DEAD', L: 'LEFT' };

/** `<id><letter of the status><incarnation>`: a sixth of a whole record. */
export function encodeClaim({ id, incarnation, status }: Pick<Member, 'id' | 'incarnation' | 'status'>): string {
  return `${id}${LETTERS[status]}${incarnation}`;
}

/** Reads what came over the network; a line that is none is left out. */
export function parseClaims(value: readonly unknown[], max: number): Claim[] {
  return value.slice(0, max).flatMap((line) => {
    const [, id, letter, incarnation] = (typeof line === 'string' && /^([0-9a-f]{32})([ASDL])(\d{1,15})$/.exec(line)) || [];
    if (id === undefined || letter === undefined) return [];
    return [{ id, status: STATUSES[letter] as MemberStatus, incarnation: Number(incarnation) }];
  });
}
