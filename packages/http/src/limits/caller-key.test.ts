import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../middleware.ts';
import { addressKey, callerKeys, type LimitBy } from './caller-key.ts';

const request = (given: object): HttpRequest => ({ headers: {}, socket: { remoteAddress: '10.0.0.9' }, ...given }) as HttpRequest;
const keys = (by: LimitBy) => callerKeys({ by, keyHeader: 'x-api-key', ipv6Prefix: 64 });

describe('the key of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2/64'],
    ['2001:DB8::1', '2001:db8:0:0/64'],
    ['fe80::1%eth0', 'fe80:0:0:0/64'],
    ['::1', '0:0:0:0/64'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address, 64)).toBe(key);
  });

  it('takes a prefix that is no multiple of 16', () => {
    expect(addressKey('2001:db8:1:ff7f::1', 56)).toBe('2001:db8:1:ff00/56');
    expect(addressKey('2001:db8::1', 128)).toBe('2001:db8:0:0:0:0:0:1/128');
    expect(addressKey('2001:db8::9', 32)).toBe('2001:db8/32');
  });

  it('is nothing for what is no address', () => {
    for (const text of ['', 'unix', '1.2.3', '1.2.3.4.5', 'a'.repeat(10_000)]) expect(addressKey(text, 64)).toBeUndefined();
  });
});

describe('the key of a caller', () => {
  it('is the address that the framework found, without a port', () => {
    expect(keys('ip').of(request({ ip: '203.0.113.7' }))).toBe('ip:203.0.113.7');
    expect(keys('ip').of(request({ ip: '203.0.113.7:4711' }))).toBe('ip:203.0.113.7');
    expect(keys('ip').of(request({ ip: '[2001:db8::1]:4711' }))).toBe('ip:2001:db8:0:0/64');
  });

  it('is that of the connection where the framework found none, or what anybody could write', () => {
    expect(keys('ip').of(request({}))).toBe('ip:10.0.0.9');
    expect(keys('ip').of(request({ ip: 'rl:auth:whoever' }))).toBe('ip:10.0.0.9');
    expect(keys('ip').of(request({ ip: 'x', socket: {} }))).toBe('ip:unknown');
  });

  it('is the principal, apart from one of another kind with the same id', () => {
    const principal = (kind: string) => request({ principal: { kind, id: '42', roles: [], permissions: [] } });
    expect(keys('user').of(principal('user'))).toBe('user:42');
    expect(keys('user').of(principal('service'))).toBe('service:42');
    expect(keys('user').named('42')).toBe('user:42');
    expect(keys('user').of(request({}))).toBe('ip:10.0.0.9');
  });

  it('never has an API key in it, but always the same text for it', () => {
    const secret = 'sk_live_0123456789';
    const key = keys('key').of(request({ headers: { 'x-api-key': secret } }));
    expect(key).toMatch(/^key:[\w-]{43}$/);
    expect(key).toBe(keys('key').named(secret));
    expect(keys('key').of(request({ headers: {} }))).toBe('ip:10.0.0.9');
  });

  it('is what a function answers, short and never that of an address', () => {
    expect(keys(() => 'ip:1.2.3.4').of(request({}))).toBe('by:ip:1.2.3.4');
    expect(keys(() => 'x'.repeat(100_000)).of(request({}))).toHaveLength(46);
    expect(keys(() => undefined).of(request({}))).toBe('ip:10.0.0.9');
    expect(keys(() => '').of(request({}))).toBe('ip:10.0.0.9');
  });

  it('is that of no other principal, whatever its id is', () => {
    const of = (kind: string, id: string) => keys('user').of(request({ principal: { kind, id, roles: [], permissions: [] } }));
    const ids = ['42', 'service/42', 'service:42', 'ip:10.0.0.9', ''];
    const all = ['user', 'service', 'key'].flatMap((kind) => ids.map((id) => of(kind, id)));
    // Who has no id is told apart by address.
    expect(new Set(all).size).toBe(3 * 4 + 1);
  });

  it('is the address where a client sent something else than a text', () => {
    const byEmail = keys((req) => (req.body as { email: string }).email);
    for (const email of [{}, [], ['a'], true, null, Number.NaN])
      expect(byEmail.of(request({ body: { email } }))).toBe('ip:10.0.0.9');
    expect(byEmail.of(request({ body: { email: 7 } }))).toBe('by:7');
  });

  it('is refused where the function answers a promise: all would be one', () => {
    expect(() => keys((async () => 'a') as never).of(request({}))).toThrow(/HTTP_OPTION_INVALID|not a promise/);
  });
});
