import { isIPv4, isIPv6 } from 'node:net';

/**
 * An address, read: an IPv4 one as it is written, of an IPv6 one the eight groups. A v4-mapped address, in either spelling, is the v4
 * one: sockets that serve both families show v4 clients that way. A zone is dropped. Undefined for what is none.
 *
 * By hand: each request with a limit asks, and `SocketAddress`, which can do it too, takes some microseconds.
 */
export function readAddress(text: string): string | readonly number[] | undefined {
  if (isIPv4(text)) return text;
  // A zone may be of any length; a header's worth of it is no address.
  if (text.length > 100 || !isIPv6(text)) return undefined;
  const groups = groupsOf(text);
  return isMapped(groups) ? dotted(groups) : groups;
}

/** One spelling for each address: zone dropped, v4-mapped as v4, v6 as short as it gets. Undefined for what is none. */
export function normalizeAddress(text: string): string | undefined {
  const read = readAddress(text);
  return typeof read === 'object' ? spelled(read) : read;
}

/** As one number. @param text that `isIPv4` has looked at */
export function v4Number(text: string): number {
  let [number, part] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) [number, part] = [number * 256 + part, 0];
    else part = part * 10 + code - ZERO;
  }
  return number * 256 + part;
}

const [ZERO, DOT, COLON, PERCENT] = [48, 46, 58, 37];
const GROUPS = 8;

/** @param text that `isIPv6` has looked at */
function groupsOf(text: string): readonly number[] {
  const groups: number[] = [];
  let gap = -1;
  let start = 0;
  let value = 0;
  for (let at = 0; ; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : PERCENT;
    if (code === DOT) {
      // The rest is an IPv4 address.
      const zone = text.indexOf('%', at);
      const number = v4Number(text.slice(start, zone < 0 ? undefined : zone));
      groups.push(Math.floor(number / 65_536), number % 65_536);
      break;
    }
    if (code === COLON || code === PERCENT) {
      if (at > start) groups.push(value);
      else if (code === COLON) gap = groups.length;
      if (code === PERCENT) break;
      start = at + 1;
      value = 0;
    } else value = value * 16 + hexDigit(code);
  }
  if (gap >= 0) groups.splice(gap, 0, ...new Array<number>(GROUPS - groups.length).fill(0));
  return groups;
}

function hexDigit(code: number): number {
  // Upper and lower case differ in one bit, which digits have set.
  return code < 65 ? code - ZERO : (code | 32) - 87;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups[0] === 0 && groups[1] === 0 && groups[2] === 0 && groups[3] === 0 && groups[4] === 0;
}

function dotted(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(-2);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The longest row of zeros is left out, the first of equal ones (RFC 5952); what has an IPv4 address in it shows it, as systems do. */
function spelled(groups: readonly number[]): string {
  let [start, length] = [0, 0];
  for (let at = 0; at < GROUPS; at += 1) {
    let end = at;
    while (groups[end] === 0) end += 1;
    if (end - at > length) [start, length] = [at, end - at];
    if (end > at) at = end;
  }
  if (length < 2) return hexed(groups);
  if (start === 0 && length === 6) return `::${dotted(groups)}`;
  return `${hexed(groups.slice(0, start))}::${hexed(groups.slice(start + length))}`;
}

function hexed(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}
