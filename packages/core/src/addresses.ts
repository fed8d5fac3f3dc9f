import { readAddress, v4Number } from './address.ts';
import { OptionProblem, show } from './options.ts';

/** A set of addresses and ranges. */
export interface AddressList {
  /** False for anything that is not an address, so that nothing unreadable is ever let in. */
  has(address: string | undefined): boolean;
}

/** The bits of a v4-mapped address that stand before the v4 address. */
const MAPPED_BITS = 96;

interface Range<Address> {
  readonly address: Address;
  readonly prefix: number;
}

/**
 * Reads addresses and CIDR ranges, v4 and v6. A v4-mapped v6 address is the v4 address: see {@link readAddress}. So `::/0` means
 * every v6 address and no v4 one.
 *
 * @throws OptionProblem that names the entry which is none
 */
export function createAddressList(entries: readonly string[]): AddressList {
  if (!Array.isArray(entries)) throw new OptionProblem(show(entries));
  const v4: Range<number>[] = [];
  const v6: Range<readonly number[]>[] = [];
  for (const entry of entries) {
    const range = typeof entry === 'string' ? parseRange(entry.trim()) : undefined;
    if (range === undefined) throw new OptionProblem(show(entry));
    const { address, prefix } = range;
    if (typeof address === 'string') v4.push({ address: v4Number(address), prefix });
    else v6.push({ address, prefix });
  }
  return Object.freeze({
    has(address: string | undefined): boolean {
      const read = address === undefined ? undefined : readAddress(address);
      if (read === undefined) return false;
      if (typeof read !== 'string') return v6.some((range) => holdsGroups(range, read));
      const number = v4Number(read);
      return v4.some((range) => holdsNumber(range, number));
    },
  });
}

function holdsNumber({ address, prefix }: Range<number>, number: number): boolean {
  // A shift by 32 is none.
  return prefix === 0 || (address ^ number) >>> (32 - prefix) === 0;
}

function holdsGroups({ address, prefix }: Range<readonly number[]>, groups: readonly number[]): boolean {
  const whole = prefix >> 4;
  for (let at = 0; at < whole; at += 1) if (address[at] !== groups[at]) return false;
  const bits = prefix & 15;
  return bits === 0 || ((address[whole] as number) ^ (groups[whole] as number)) >>> (16 - bits) === 0;
}

function parseRange(entry: string): Range<string | readonly number[]> | undefined {
  const slash = entry.indexOf('/');
  const text = slash < 0 ? entry : entry.slice(0, slash);
  const address = readAddress(text);
  if (address === undefined) return undefined;
  const isV4 = typeof address === 'string';
  const bits = isV4 ? 32 : 128;
  if (slash < 0) return { address, prefix: bits };
  const digits = entry.slice(slash + 1);
  // Digits only: `Number` would read '', ' 8', '0x8' and '1e1' too.
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  // The prefix of a mapped range counts from the front of the v6 address. Below 96 it would hold more than v4.
  const prefix = Number(digits) - (isV4 && text.includes(':') ? MAPPED_BITS : 0);
  return prefix >= 0 && prefix <= bits ? { address, prefix } : undefined;
}
