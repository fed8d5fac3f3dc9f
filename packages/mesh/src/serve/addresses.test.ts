import { type AddressList, normalizeAddress } from '@express-micro/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress, createAddressList } from './addresses.ts';

const list = (...entries: string[]): AddressList => createAddressList(entries, 'ipWhitelist');

describe('an address list', () => {
  it.each<[string, string, boolean]>([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['192.0.2.1', '::ffff:c000:201', true],
    ['192.0.2.1', '::FFFF:C000:0201', true],
    ['192.0.2.1', '0:0:0:0:0:ffff:192.0.2.1', true],
    ['192.0.2.1', '0000:0000:0000:0000:0000:ffff:c000:0201', true],
    ['192.0.2.1', '::192.0.2.1', false],
    ['192.0.2.1', '::ffff:0:192.0.2.1', false],
    ['192.0.2.1', '64:ff9b::192.0.2.1', false],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:c000:201', '192.0.2.1', true],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.1', false],
    ['::ffff:0:0/96', '203.0.113.9', true],
    ['::ffff:0:0/96', '::1', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['10.1.2.3/8', '10.200.0.1', true],
    ['10.0.0.0/31', '10.0.0.1', true],
    ['10.0.0.0/31', '10.0.0.2', false],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '::ffff:1.2.3.4', true],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.1', false],
    ['::/0', '::ffff:192.0.2.1', false],
    ['::1', '::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', '127.0.0.1', false],
    ['127.0.0.1', '::1', false],
    ['127.0.0.0/8', '127.8.9.10', true],
    ['2001:db8::/32', '2001:DB8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:0db8:0000::0001', '2001:db8::1', true],
    ['2001:db8::/127', '2001:db8::1', true],
    ['2001:db8::/127', '2001:db8::2', false],
    ['2001:db8::1/128', '2001:db8::1', true],
    ['fe80::1', 'fe80::1%eth0', true],
    ['fe80::1%eth0', 'fe80::1%wlan1', true],
    ['fe80::/10', 'fe80::abcd%2', true],
    ['fd00::/8', 'fdff:ffff::1', true],
    ['fd00::/8', 'fe00::1', false],
    [' 10.0.0.1 ', '10.0.0.1', true],
    ['10.0.0.1', ' 10.0.0.1', false],
    ['10.0.0.1', '10.0.0.1:80', false],
    ['10.0.0.1', '010.0.0.1', false],
    ['10.0.0.1', '0xa.0.0.1', false],
    ['10.0.0.1', '167772161', false],
    ['10.0.0.1', '10.1', false],
    ['10.0.0.1', '10.0.0.1%eth0', false],
    ['::1', '[::1]', false],
    ['::1', '::1%', false],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'unknown', false],
    ['0.0.0.0/0', '1.2.3.4.5', false],
    ['0.0.0.0/0', '256.1.1.1', false],
    ['::/0', `fe80::1%${'x'.repeat(200)}`, false],
  ])('%s against %s is %s', (entry, address, expected) => {
    expect(list(entry).has(address)).toBe(expected);
  });

  it('has nobody in it when it is empty, and nobody when there is no address', () => {
    expect(list().has('127.0.0.1')).toBe(false);
    expect(list('0.0.0.0/0', '::/0').has(undefined)).toBe(false);
  });

  it('holds several ranges of both families', () => {
    const both = list('10.0.0.0/8', '2001:db8::/32', '192.0.2.7');
    expect(['10.1.1.1', '2001:db8::5', '::ffff:192.0.2.7', '192.0.2.8'].map((address) => both.has(address))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it.each<unknown>([
    'localhost',
    '',
    ' ',
    '*',
    '10.0.0.*',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/ 8',
    '10.0.0.0/08',
    '10.0.0.0/0x8',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    '::ffff:10.0.0.0/8',
    '10.0.0.1-10.0.0.9',
    '[::1]',
    '::1%',
    7,
    null,
    undefined,
    {},
    Object.create(null),
    ['10.0.0.1'],
  ])('refuses the entry %j at start and says what it takes', (entry) => {
    expect(() => createAddressList(['10.0.0.1', entry as string], 'ipWhitelist')).toThrow(
      expect.objectContaining({
        code: 'MESH_OPTION_INVALID',
        message: expect.stringMatching(/^Option "ipWhitelist" got .*; it takes a list of addresses/),
      }),
    );
  });

  it('refuses what is no list', () => {
    expect(() => createAddressList('10.0.0.1' as never, 'trustedProxies')).toThrow(
      expect.objectContaining({ code: 'MESH_OPTION_INVALID' }),
    );
  });

  it('gives one spelling to each address and never throws', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => normalizeAddress(normalizeAddress(address) ?? '-') === normalizeAddress(address)),
    );
    fc.assert(fc.property(fc.ipV4(), (address) => normalizeAddress(`::ffff:${address}`) === address));
    fc.assert(fc.property(fc.string(), (text) => list('0.0.0.0/0', '::/0').has(text) === (normalizeAddress(text) !== undefined)));
  });
});

describe('the address of a client', () => {
  const proxies = list('10.0.0.0/8', '::1');
  const client = (
    socketAddress: string | undefined,
    forwardedFor?: string | string[],
    trustedProxies: AddressList | undefined = proxies,
  ) => clientAddress({ socketAddress, forwardedFor, trustedProxies });

  it.each<[string, string | undefined, string | string[] | undefined, string | undefined]>([
    ['the socket speaks where no proxy does', '192.0.2.1', undefined, '192.0.2.1'],
    ['a stranger cannot forward', '192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['a trusted proxy is believed', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['a trusted proxy on a dual-stack socket is believed', '::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['what the client wrote itself stands further left and is not believed', '10.0.0.1', '127.0.0.1, 192.0.2.1', '192.0.2.1'],
    ['trusted proxies are walked through', '10.0.0.1', '192.0.2.1, 10.0.0.3, 10.0.0.2', '192.0.2.1'],
    ['an untrusted hop between trusted ones ends the walk', '10.0.0.1', '10.0.0.9, 192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['when all hops are trusted the first one asked', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a mapped hop is its v4 address', '10.0.0.1', '::ffff:192.0.2.1', '192.0.2.1'],
    ['a port is dropped', '10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['brackets and port are dropped', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['brackets alone are dropped', '::1', '[2001:db8::1]', '2001:db8::1'],
    ['a garbage hop is nobody', '10.0.0.1', '192.0.2.1, unknown', undefined],
    ['an empty hop is nobody', '10.0.0.1', '192.0.2.1,', undefined],
    ['an empty header is nobody', '10.0.0.1', '', undefined],
    ['garbage left of an untrusted hop does not matter', '10.0.0.1', 'garbage, 192.0.2.1', '192.0.2.1'],
    ['a hop with two ports is nobody', '10.0.0.1', '192.0.2.1:1:2', undefined],
    ['several headers are read in order', '10.0.0.1', ['127.0.0.1', '192.0.2.1'], '192.0.2.1'],
    ['a closed socket is nobody', undefined, '192.0.2.1', undefined],
    ['a garbage socket address is nobody', 'pipe', '192.0.2.1', undefined],
  ])('%s', (_, socket, forwarded, expected) => {
    expect(client(socket, forwarded)).toBe(expected);
  });

  it('does not look at the header where no proxy is named', () => {
    expect(clientAddress({ socketAddress: '10.0.0.1', forwardedFor: '192.0.2.1', trustedProxies: undefined })).toBe('10.0.0.1');
  });
});
