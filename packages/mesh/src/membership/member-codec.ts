import { isInstanceId, isServiceName, parseOrigin } from '../identity.ts';
import { MAX_ACCUSERS, type Member, type MemberStatus } from './member.ts';

const STATUSES: ReadonlySet<unknown> = new Set<MemberStatus>(['ALIVE', 'SUSPECT', 'DEAD', 'LEFT']);

/** Incarnations count restarts of trust, not time: a number near the end of integers is an attack, not a long life. */
const MAX_INCARNATION = 2 ** 48;

/** Reads a member that came over the network, or answers `undefined`: one bad record must not spoil the others. */
export function parseMember(value: unknown): Member | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, service, url, incarnation, status, routesHash, isSigning, suspectedBy } = value as Record<string, unknown>;
  const origin = parseOrigin(url);
  if (!isInstanceId(id) || !isServiceName(service) || origin === undefined) return undefined;
  if (!Number.isSafeInteger(incarnation) || (incarnation as number) < 0 || (incarnation as number) > MAX_INCARNATION)
    return undefined;
  if (!STATUSES.has(status) || typeof routesHash !== 'string' || !/^[\w-]{1,64}$/.test(routesHash)) return undefined;
  return {
    id,
    service,
    url: origin,
    incarnation: incarnation as number,
    status: status as MemberStatus,
    routesHash,
    isSigning: isSigning === true,
    ...(status === 'SUSPECT' && Array.isArray(suspectedBy)
      ? { suspectedBy: [...new Set(suspectedBy.filter(isInstanceId))].slice(0, MAX_ACCUSERS) }
      : {}),
  };
}

/** The valid ones of a list that came over the network, at most `max`. */
export function parseMembers(value: unknown, max: number): Member[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, max).flatMap((item) => parseMember(item) ?? []);
}
