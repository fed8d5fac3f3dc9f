import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeAddress, readAddress } from './address.ts';
import { createAddressList } from './addresses.ts';

/** What Node itself makes of it. */
function byNode(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const address = new SocketAddress({ address: text.replace(/%.*/s, ''), family: 'ipv6' }).address;
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address;
}

/** With rows of zeros, which the library makes seldom, in each way of writing. */
const group = fc.oneof(fc.constant(0), fc.constantFrom(1, 0xffff, 0xabc), fc.nat(0xffff));
const written = fc
  .tuple(
    fc.array(group, { minLength: 8, maxLength: 8 }),
    fc.nat(7),
    fc.nat(8),
    fc.boolean(),
    fc.constantFrom('', '%eth0', '%1.2:3'),
  )
  .map(([groups, from, length, isUpper, zone]) => {
    const hex = (part: readonly number[]) =>
      part.map((each) => (isUpper ? each.toString(16).toUpperCase() : each.toString(16))).join(':');
    const isZeros = length > 0 && from + length <= 8 && groups.slice(from, from + length).every((each) => each === 0);
    return (isZeros ? `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}` : hex(groups)) + zone;
  });
const withV4 = fc
  .tuple(fc.constantFrom('::', '::ffff:', '64:ff9b::', '1:2:3:4:5:6:', '0:0:0:0:0:ffff:', '::ffff:0:', '1::'), fc.ipV4())
  .map(([front, v4]) => front + v4);
const anyAddress = fc.oneof(fc.ipV6(), fc.ipV4(), written, withV4);

describe('an address', () => {
  it.each([
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::', '::'],
    ['1::', '1::'],
    ['::1', '::1'],
    ['0::2', '::2'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['::ffff:0102:0304', '1.2.3.4'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:1.2.3.4%eth0', '1.2.3.4'],
  ])('%s has the spelling %s', (text, spelling) => {
    expect(normalizeAddress(text)).toBe(spelling);
  });

  it('has the spelling that Node gives it', () => {
    fc.assert(
      fc.property(anyAddress, (text) => {
        expect([text, normalizeAddress(text)]).toEqual([text, byNode(text)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is none where Node says so', () => {
    const nearly = fc
      .tuple(anyAddress, fc.nat(45), fc.constantFrom(':', '.', '0', 'g', '%', ' ', '::', 'ffff', '\0'))
      .map(([text, at, more]) => text.slice(0, at) + more + text.slice(at));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        expect([text, normalizeAddress(text)]).toEqual([text, byNode(text)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is read once: of IPv6 the eight groups', () => {
    expect(readAddress('2001:db8::1')).toEqual([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
    expect(readAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(readAddress('x')).toBeUndefined();
  });
});

describe('a range', () => {
  it('holds what it holds for Node', () => {
    const range = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(written, fc.integer({ min: 0, max: 128 })),
    );
    // A neighbour of its address, so that borders are met.
    fc.assert(
      fc.property(range, anyAddress, fc.nat(127), ([address, prefix], other, bit) => {
        const plain = normalizeAddress(address) as string;
        fc.pre(isIPv4(plain) === isIPv4(address));
        const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
        const list = createAddressList([`${plain}/${prefix}`]);
        const nodes = new BlockList();
        nodes.addSubnet(plain, prefix, family);
        for (const asked of [flipped(plain, bit), other]) {
          const read = normalizeAddress(asked) as string;
          const isOfFamily = isIPv4(read) === (family === 'ipv4');
          expect([plain, prefix, asked, list.has(asked)]).toEqual([
            plain,
            prefix,
            asked,
            isOfFamily && nodes.check(read, family),
          ]);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

/** The same address but for one bit. */
function flipped(address: string, bit: number): string {
  const read = readAddress(address);
  if (typeof read === 'object')
    return read.map((each, at) => (at === bit >> 4 ? each ^ (1 << (15 - (bit & 15))) : each).toString(16)).join(':');
  return address
    .split('.')
    .map((part, at) => (at === (bit & 31) >> 3 ? Number(part) ^ (1 << (7 - (bit & 7))) : part))
    .join('.');
}
