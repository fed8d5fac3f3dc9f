import { describe, expect, it } from 'vitest';
import { isForbiddenAddress, parseOrigin } from './identity.ts';

describe('the origin of a peer', () => {
  it.each([
    ['http://orders.example.com:3000', 'http://orders.example.com:3000'],
    ['HTTP://Orders.Example.com:80/', 'http://orders.example.com'],
    ['https://10.0.0.7', 'https://10.0.0.7'],
    ['http://127.0.0.1:3001', 'http://127.0.0.1:3001'],
    ['http://0x7f.1:3001', 'http://127.0.0.1:3001'],
    ['http://[::1]:3001', 'http://[::1]:3001'],
    ['http://[fd12:3456::7]:3001', 'http://[fd12:3456::7]:3001'],
  ])('%s is %s', (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });
});

/** What makes a process ask for something that is not a service: a list that every test of it shares. */
const HOSTILE = [
  'file:///etc/passwd',
  'ftp://10.0.0.7/',
  'gopher://10.0.0.7:70/_x',
  'unix:///var/run/docker.sock',
  'javascript:alert(1)',
  'ws://10.0.0.7',
  '//10.0.0.7',
  '10.0.0.7:3000',
  'http://',
  'http://user@10.0.0.7',
  'http://user:secret@10.0.0.7',
  'http://10.0.0.7/latest/meta-data',
  'http://10.0.0.7?x',
  'http://10.0.0.7#x',
  'http://10.0.0.7:99999',
  'http://0.0.0.0:3000',
  'http://0:3000',
  'http://0.1.2.3',
  'http://169.254.169.254',
  'http://169.254.169.254.',
  'http://2852039166',
  'http://0xA9FEA9FE',
  'http://0251.0376.0251.0376',
  'http://169.254.43518',
  'http://[::ffff:169.254.169.254]',
  'http://[::ffff:a9fe:a9fe]',
  'http://[64:ff9b::169.254.169.254]',
  'http://[fe80::1]',
  'http://[::]',
  'http://[::ffff:0.0.0.0]',
  'http://[ff02::1]',
  'http://[fd00:ec2::254]',
  'http://224.0.0.1',
  'http://239.255.255.250:1900',
  'http://255.255.255.255',
  'http://240.0.0.1',
  'http://100.100.100.200',
  'http://168.63.129.16',
  'http://192.0.0.192',
  'http://１６９.254.169.254',
  `http://${'a'.repeat(300)}.example`,
];

describe('what is no peer', () => {
  it.each(HOSTILE.map((url) => [url]))('%s', (url) => {
    expect(parseOrigin(url)).toBeUndefined();
  });

  it('is what would be too long for the next one to take, too', () => {
    const long = `http://\u{1f71a}0.0.${'a'.repeat(280)}:3000`;
    expect(long.length).toBeLessThan(300);
    expect(parseOrigin(long)).toBeUndefined();
    expect(parseOrigin(`http://\u{1f71a}.${'a'.repeat(200)}:3000`)).toMatch(/^http:\/\/xn--/);
  });

  it('is what is no text, too', () => {
    for (const value of [undefined, null, 7, {}, ['http://10.0.0.7'], new URL('http://10.0.0.7')]) {
      expect(parseOrigin(value)).toBeUndefined();
    }
  });
});

it('an address that is none is forbidden, so that nothing unreadable is ever asked', () => {
  for (const text of ['', 'orders', '1.2.3', '1.2.3.4.5', ':::']) expect(isForbiddenAddress(text)).toBe(true);
  for (const text of ['10.0.0.7', '127.0.0.1', '::1', 'fd12::7']) expect(isForbiddenAddress(text)).toBe(false);
});
