import { createHash } from 'node:crypto';
import { readAddress } from '@express-micro/core';
import { misuse } from '../errors.ts';
import type { HttpRequest } from '../middleware.ts';
import { isThenable } from '../thenable.ts';

/** By what callers are told apart. A function answers a text, or nothing for those who are told apart by address. */
export type LimitBy = 'ip' | 'user' | 'key' | ((req: HttpRequest) => string | undefined);

export interface CallerKeyOptions {
  readonly by: LimitBy;
  readonly keyHeader: string;
  readonly ipv6Prefix: number;
}

export interface CallerKeys {
  of(req: HttpRequest): string;
  /** The key of whoever `by` calls so: an address, the id of a user, an API key, what the function answers. */
  named(name: string): string;
}

/** Longer ones, and all that are secrets, stand as their digest: nobody fills the store with texts, or reads keys in it. */
const MAX_LENGTH = 64;

/**
 * One short text for each caller. What it begins with says what it is, so that nobody who may choose a name takes that of an
 * address. Who is not known (no user, no key) is told apart by address: otherwise all of them were one, or nobody were limited.
 */
export function callerKeys({ by, keyHeader, ipv6Prefix }: CallerKeyOptions): CallerKeys {
  const ofAddress = (address: string | undefined) => `ip:${addressKey(address, ipv6Prefix) ?? 'unknown'}`;
  const ofIp = (req: HttpRequest) => `ip:${keyOfRequest(req, ipv6Prefix) ?? 'unknown'}`;
  if (by === 'ip') return { of: ofIp, named: ofAddress };

  const kind = typeof by === 'function' ? 'by' : by;
  const keyed = (name: string, of: string) => `${of}:${of === 'key' || name.length > MAX_LENGTH ? digest(name) : name}`;
  const nameOf =
    typeof by === 'function' ? by : (req: HttpRequest) => (by === 'user' ? req.principal?.id : headerOf(req, keyHeader));
  const of = (req: HttpRequest) => {
    const name: unknown = nameOf(req);
    if (isThenable(name))
      throw misuse('Option "by" of a limiter answered a promise; it has to answer a text, or nothing, and not a promise.');
    // What a client sends in place of a text is nothing, and no error of ours.
    const isName = (typeof name === 'string' && name !== '') || (typeof name === 'number' && Number.isFinite(name));
    if (!isName) return ofIp(req);
    // A user and a program may have the same id.
    return keyed(String(name), by === 'user' ? (req.principal?.kind ?? kind) : kind);
  };
  return { of, named: (name) => keyed(name, kind) };
}

function headerOf(req: HttpRequest, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** What the framework says, where that is an address at all: behind proxies that are believed anybody can write anything there. */
function keyOfRequest(req: HttpRequest, ipv6Prefix: number): string | undefined {
  const given = typeof req.ip === 'string' ? addressKey(withoutPort(req.ip), ipv6Prefix) : undefined;
  return given ?? addressKey(req.socket?.remoteAddress, ipv6Prefix);
}

/** Some proxies write the port, too: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/**
 * An IPv4 address as it is; of an IPv6 address the prefix: who has one address has all of its /64, and could come from another with
 * each request. A v4-mapped address is the v4 address.
 */
export function addressKey(address: string | undefined, ipv6Prefix: number): string | undefined {
  const read = address === undefined ? undefined : readAddress(address);
  if (typeof read !== 'object') return read;
  let key = '';
  for (let at = 0; at * 16 < ipv6Prefix; at += 1) {
    const bits = Math.min(16, ipv6Prefix - at * 16);
    const group = (read[at] as number) & (0xffff << (16 - bits));
    key += at === 0 ? group.toString(16) : `:${group.toString(16)}`;
  }
  return `${key}/${ipv6Prefix}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
