import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isForbiddenKey, type Random } from '@express-micro/core';

/** 128 random bits in hex: one a process start, so that a restart is somebody new. */
export function createInstanceId(random: Random): string {
  return random.bytes(16).toString('hex');
}

export function isInstanceId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** Names that JavaScript itself asks any object for: a service or function called so could never be reached through a proxy. */
const PROBED_BY_LANGUAGE = new Set(['then', 'catch', 'finally', 'toJSON']);

/** Whether a property name belongs to the language (awaiting, serialising, prototypes) and never to a service or function. */
export function isReservedName(name: string): boolean {
  return PROBED_BY_LANGUAGE.has(name) || isForbiddenKey(name);
}

/** An npm package name, scoped or not: what `npm_package_name` holds. At most 214 characters (npm's limit). */
export function isServiceName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 214 &&
    /^(@[\w-][\w.-]*\/)?[A-Za-z0-9][\w.-]*$/.test(value) &&
    !isReservedName(value)
  );
}

const MAX_ORIGIN_LENGTH = 300;

/**
 * The origin of an http(s) URL, or `undefined` for everything that is not just that: user info, a path, a query, a
 * fragment, or an address at which no service can be: link-local (cloud metadata answers there), multicast, unspecified.
 */
export function parseOrigin(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > MAX_ORIGIN_LENGTH) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/')
    return undefined;
  // In ASCII a name may be longer than it was: what we pass on is to be what others take.
  return isForbiddenHost(url.hostname) || url.origin.length > MAX_ORIGIN_LENGTH ? undefined : url.origin;
}

/** The URL parser has brought every spelling of an IPv4 address (hex, octal, one number) into dotted form. */
function isForbiddenHost(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 && isForbiddenAddress(address);
}

/** Addresses at which no service can be, and some at which a cloud answers with credentials. */
const FORBIDDEN = forbiddenAddresses();

function forbiddenAddresses(): BlockList {
  const list = new BlockList();
  // "This network" (RFC 791), link-local (RFC 3927), multicast (RFC 5771), reserved and broadcast (RFC 1112).
  list.addSubnet('0.0.0.0', 8);
  list.addSubnet('169.254.0.0', 16);
  list.addSubnet('224.0.0.0', 4);
  list.addSubnet('240.0.0.0', 4);
  // Unspecified, link-local and multicast (RFC 4291), and link-local of IPv4 behind a translator (RFC 6052).
  list.addAddress('::', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('ff00::', 8, 'ipv6');
  list.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
  // Metadata services outside of link-local: Alibaba, Azure, Oracle, AWS.
  for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) list.addAddress(address);
  list.addAddress('fd00:ec2::254', 'ipv6');
  return list;
}

/** @param address of either family; an IPv4 one in the form of IPv6 is the IPv4 one */
export function isForbiddenAddress(address: string): boolean {
  const [bare = ''] = address.split('%', 1);
  const family = isIP(bare);
  return family === 0 || FORBIDDEN.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

/** The first IPv4 address that other machines can reach, else loopback. */
export function defaultHost(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === 'IPv4' && !address.internal && !address.address.startsWith('169.254.')) return address.address;
    }
  }
  return '127.0.0.1';
}

/** `http://host:port`, with brackets around an IPv6 address. */
export function originOf(protocol: 'http' | 'https', host: string, port: number): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
