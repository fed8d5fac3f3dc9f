import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import { show } from '@express-micro/core';
import { type MeshError, meshError } from '../errors.ts';

/** A set of addresses and ranges. */
export interface AddressList {
  /** False for anything that is not an address, so that nothing unreadable is ever let in. */
  has(address: string | undefined): boolean;
}

const MAPPED = '::ffff:';
/** The bits of a v4-mapped address that stand before the v4 address. */
const MAPPED_BITS = 96;

/**
 * Reads addresses and CIDR ranges, v4 and v6. A v4-mapped v6 address, in either spelling, is the v4 address: sockets
 * that serve both families show v4 clients that way. So `::/0` means every v6 address and no v4 one.
 *
 * @param option whose value it is, for the error
 * @throws MESH_OPTION_INVALID
 */
export function createAddressList(entries: readonly string[], option: string): AddressList {
  if (!Array.isArray(entries)) throw bad(option, entries);
  const v4 = new BlockList();
  const v6 = new BlockList();
  for (const entry of entries) {
    const range = typeof entry === 'string' ? parseRange(entry.trim()) : undefined;
    if (range === undefined) throw bad(option, entry);
    const list = range.family === 'ipv4' ? v4 : v6;
    list.addSubnet(range.address, range.prefix, range.family);
  }
  return Object.freeze({
    has(address: string | undefined): boolean {
      const plain = address === undefined ? undefined : normalizeAddress(address);
      if (plain === undefined) return false;
      return isIPv4(plain) ? v4.check(plain, 'ipv4') : v6.check(plain, 'ipv6');
    },
  });
}

interface Range {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseRange(entry: string): Range | undefined {
  const slash = entry.indexOf('/');
  const text = slash < 0 ? entry : entry.slice(0, slash);
  const address = normalizeAddress(text);
  if (address === undefined) return undefined;
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const bits = family === 'ipv4' ? 32 : 128;
  if (slash < 0) return { address, prefix: bits, family };
  const digits = entry.slice(slash + 1);
  // Digits only: `Number` would read '', ' 8', '0x8' and '1e1' too.
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  // The prefix of a mapped range counts from the front of the v6 address. Below 96 it would hold more than v4.
  const prefix = Number(digits) - (family === 'ipv4' && text.includes(':') ? MAPPED_BITS : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix, family } : undefined;
}

function bad(option: string, got: unknown): MeshError {
  return meshError(
    'MESH_OPTION_INVALID',
    `Option "${option}" got ${show(got)}; it takes a list of addresses and CIDR ranges, v4 or v6, ` +
      "for example ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']; host names and wildcards are not taken.",
    { details: { option } },
  );
}

/**
 * One spelling for each address: zone dropped, v4-mapped as v4, v6 as short as it gets. Undefined for what is none.
 */
export function normalizeAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  // A zone may be of any length; a header's worth of it is no address.
  if (text.length > 100 || !isIPv6(text)) return undefined;
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  const address = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  const mapped = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : '';
  return isIPv4(mapped) ? mapped : address;
}

export interface ClientOfRequest {
  /** `socket.remoteAddress`; undefined once the socket is gone. */
  readonly socketAddress: string | undefined;
  /** The `X-Forwarded-For` header. */
  readonly forwardedFor: string | readonly string[] | undefined;
  /** The proxies whose word is taken. Without it the header counts for nothing. */
  readonly trustedProxies: AddressList | undefined;
}

/**
 * Who really sent a request: the socket's other end or, while that is a proxy we trust, the one it says it served.
 *
 * Read from the right, because each proxy appends and only what a trusted one appended is true. A hop that is no
 * address gives undefined, which no list holds: guessing would let a client in under its proxy's address.
 */
export function clientAddress({ socketAddress, forwardedFor, trustedProxies }: ClientOfRequest): string | undefined {
  let client = socketAddress === undefined ? undefined : normalizeAddress(socketAddress);
  if (trustedProxies === undefined || forwardedFor === undefined) return client;
  const hops = (typeof forwardedFor === 'string' ? forwardedFor : forwardedFor.join(',')).split(',');
  for (let index = hops.length - 1; index >= 0 && trustedProxies.has(client); index -= 1) {
    client = normalizeAddress(withoutPort((hops[index] ?? '').trim()));
  }
  return client;
}

/** Some gateways write `192.0.2.1:5000` and `[2001:db8::1]:5000`. */
function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? hop;
  const colon = hop.indexOf(':');
  return colon > 0 && /^\d{1,5}$/.test(hop.slice(colon + 1)) && isIPv4(hop.slice(0, colon)) ? hop.slice(0, colon) : hop;
}
