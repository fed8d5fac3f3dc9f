import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import { OptionProblem, show } from './options.ts';

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
 * @throws OptionProblem that names the entry which is none
 */
export function createAddressList(entries: readonly string[]): AddressList {
  if (!Array.isArray(entries)) throw new OptionProblem(show(entries));
  const v4 = new BlockList();
  const v6 = new BlockList();
  for (const entry of entries) {
    const range = typeof entry === 'string' ? parseRange(entry.trim()) : undefined;
    if (range === undefined) throw new OptionProblem(show(entry));
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
