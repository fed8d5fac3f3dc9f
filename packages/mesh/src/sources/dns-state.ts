import type { Member } from '../membership/member.ts';
import type { SourceMember } from './source.ts';

/** One address, and who was found there. */
export interface Place {
  readonly url: string;
  /** DNS names it now. */
  isListed: boolean;
  /** It has answered, refused or been silent since it was found. */
  isAsked: boolean;
  /** We are there ourselves. */
  isSelf: boolean;
  isRefusing: boolean;
  /** Questions in a row without an answer. */
  silences: number;
  member: Member | undefined;
  heardAtMs: number | undefined;
  goneAtMs: number | undefined;
}

export interface DnsState {
  readonly places: Map<string, Place>;
  /** What the mesh was told of each member, by id. */
  readonly told: Map<string, SourceMember>;
}

/** So many questions in a row, one right after the other, may be lost. */
export const MAX_SILENCES = 3;
const GONE_MEMORY_MS = 86_400_000;

export function createDnsState(known: readonly SourceMember[]): DnsState {
  const state: DnsState = { places: new Map(), told: new Map() };
  for (const { status, isDoubtful: _, ...claim } of known) {
    const place = placeAt(state, claim.url);
    place.member = { ...claim, status: status === 'UP' ? 'ALIVE' : 'DEAD' };
    place.isRefusing = status !== 'UP';
  }
  return state;
}

/** Takes in the addresses that DNS names. Whoever is there no more is kept as long as he answers himself. */
export function takeAddresses(state: DnsState, urls: readonly string[]): void {
  const listed = new Set(urls);
  for (const url of listed) placeAt(state, url);
  for (const place of state.places.values()) place.isListed = listed.has(place.url);
}

/** Somebody has answered at an address, or said something of himself. Another id there is another process. */
export function takeMember(state: DnsState, url: string, member: Member, nowMs: number): void {
  const place = placeAt(state, url);
  const isOld = place.member?.id === member.id && member.incarnation < place.member.incarnation;
  Object.assign(place, { isAsked: true, isRefusing: false, silences: 0, heardAtMs: nowMs });
  if (!isOld) place.member = member;
}

export function takeFailure(place: Place, outcome: 'refused' | 'silent' | 'self'): void {
  place.isAsked = true;
  place.isSelf = outcome === 'self';
  place.isRefusing = outcome === 'refused';
  place.silences = outcome === 'silent' ? place.silences + 1 : 0;
}

/** Whether to ask there in each round: DNS names it, or whoever was there has not gone yet. */
export function isWorthAsking(place: Place): boolean {
  return !place.isSelf && (place.isListed || statusAt(place) === 'UP');
}

/** What the mesh has to hear, and whom nobody needs to remember. */
export function takeNews(state: DnsState, nowMs: number, max: number): { changed: SourceMember[]; forgotten: string[] } {
  const changed: SourceMember[] = [];
  const forgotten: string[] = [];
  const seen = views(state);
  for (const [id, member] of seen) {
    if (JSON.stringify(member) === JSON.stringify(state.told.get(id))) continue;
    state.told.set(id, member);
    changed.push(member);
  }
  for (const [id, member] of state.told) {
    // Somebody else answers where he was: he has been replaced.
    if (!seen.has(id) && member.status !== 'LEFT') changed.push({ ...member, status: 'LEFT' });
    if (!seen.has(id)) state.told.delete(id);
  }
  const isFull = state.places.size > max;
  for (const [url, place] of state.places) {
    if (statusAt(place) === 'UP') place.goneAtMs = undefined;
    else place.goneAtMs ??= nowMs;
    if (statusAt(place) === 'LEFT') place.member = undefined;
    const isLongGone = place.goneAtMs !== undefined && nowMs - place.goneAtMs >= GONE_MEMORY_MS;
    if (place.isListed || !(place.member === undefined || isLongGone || (isFull && place.goneAtMs !== undefined))) continue;
    state.places.delete(url);
    if (place.member === undefined) continue;
    state.told.delete(place.member.id);
    forgotten.push(place.member.id);
  }
  return { changed, forgotten };
}

/** By id: a process that is found at two addresses is one member, at the address that serves better. */
export function views(state: DnsState): Map<string, SourceMember> {
  const found = new Map<string, SourceMember>();
  for (const place of state.places.values()) {
    if (place.member === undefined) continue;
    const { id, service, incarnation, routesHash, isSigning } = place.member;
    const status = statusAt(place);
    if (status === 'NOBODY' || (status !== 'UP' && found.has(id))) continue;
    if (found.get(id)?.status === 'UP') continue;
    const isDoubtful = status === 'UP' && (!place.isListed || place.silences > 0);
    found.set(id, { id, service, url: place.url, incarnation, status, routesHash, isSigning, isDoubtful });
  }
  return found;
}

function statusAt({ member, isRefusing, silences }: Place): SourceMember['status'] | 'NOBODY' {
  if (member === undefined) return 'NOBODY';
  if (member.status === 'LEFT') return 'LEFT';
  return member.status === 'DEAD' || isRefusing || silences >= MAX_SILENCES ? 'DOWN' : 'UP';
}

function placeAt(state: DnsState, url: string): Place {
  let place = state.places.get(url);
  if (place === undefined) {
    place = {
      url,
      isListed: false,
      isAsked: false,
      isSelf: false,
      isRefusing: false,
      silences: 0,
      member: undefined,
      heardAtMs: undefined,
      goneAtMs: undefined,
    };
    state.places.set(url, place);
  }
  return place;
}
