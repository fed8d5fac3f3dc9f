import { originOf, parseOrigin } from '../identity.ts';

/** What is used of a `Resolver` of `node:dns/promises`. */
export interface DnsResolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveSrv(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
}

/** A name whose addresses share a port, or one whose records name the ports too. */
export type DnsName =
  | { readonly kind: 'host'; readonly name: string; readonly port: number }
  | { readonly kind: 'service'; readonly name: string };

const LABELS = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*\.?$/i;

/** `orders.shop.svc.cluster.local:3000`, or `_http._tcp.orders.shop.svc.cluster.local` (RFC 2782). */
export function parseDnsName(text: unknown): DnsName | undefined {
  if (typeof text !== 'string' || text.length > 260) return undefined;
  const [name = '', port, ...more] = text.split(':');
  if (!LABELS.test(name) || more.length > 0) return undefined;
  if (port === undefined) return /^_[^.]+\._(tcp|udp)\.[^.]/i.test(name) ? { kind: 'service', name } : undefined;
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535 ? { kind: 'host', name, port: Number(port) } : undefined;
}

/** The name exists without such records, or does not exist: nobody is there now, and that is an answer. */
const NOBODY: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Origins of all addresses behind a name, at most `max`. Rejects when the server gave no answer.
 */
export async function resolveOrigins(
  resolver: DnsResolver,
  dnsName: DnsName,
  protocol: 'http' | 'https',
  max: number,
): Promise<string[]> {
  const places = dnsName.kind === 'host' ? [dnsName] : await orNobody(resolver.resolveSrv(dnsName.name));
  const found = await Promise.all(
    places.slice(0, max).map(async ({ name, port }) => {
      const addresses = await addressesOf(resolver, name);
      return addresses.flatMap((address) => parseOrigin(originOf(protocol, address, port)) ?? []);
    }),
  );
  return [...new Set(found.flat())].slice(0, max);
}

/** One family is enough: an app that has both would be found twice. */
async function addressesOf(resolver: DnsResolver, name: string): Promise<readonly string[]> {
  const addresses = await orNobody(resolver.resolve4(name));
  return addresses.length > 0 ? addresses : orNobody(resolver.resolve6(name));
}

async function orNobody<T>(answer: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await answer;
  } catch (error) {
    if (NOBODY.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}
