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

/**
 * The origin of an http(s) URL, or `undefined` for everything that is not just that: user info, a path, a query, a
 * fragment, or an address at which no service can be: link-local (cloud metadata answers there), multicast, unspecified.
 */
export function parseOrigin(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 300) return undefined;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/')
    return undefined;
  return isForbiddenHost(url.hostname) ? undefined : url.origin;
}

function isForbiddenHost(hostname: string): boolean {
  // The URL parser has brought every spelling of an IPv4 address (hex, octal, one number) into dotted form.
  if (/^(0\.0\.0\.0$|169\.254\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.)/.test(hostname)) return true;
  return /^\[(::\]|fe[89ab]|ff|::ffff:a9fe:|::ffff:0:0\]|::ffff:e[0-9a-f]{3}:|::ffff:f[0-9a-f]{3}:)/i.test(hostname);
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
