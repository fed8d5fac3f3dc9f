import { describe, expect, it } from 'vitest';
import { isServiceName } from '../identity.ts';
import { allowOption, type Rules } from './rules.ts';

const option = allowOption(isServiceName);
const rules = (value: unknown): Rules => option.read(value) as Rules;

describe('rules of who may call what', () => {
  it('a service without rules is open to all, one with rules to those who are named', () => {
    const { decide } = rules({ payments: ['orders'] });
    expect(decide('users', undefined, '/')).toBe('allowed');
    expect(decide('payments', 'orders', '/charges')).toBe('allowed');
    expect(decide('payments', 'users', '/charges')).toBe('forbidden');
    expect(decide('payments', undefined, '/charges')).toBe('unknown-caller');
  });

  it('a service may call itself', () => {
    expect(rules({ payments: [] }).decide('payments', 'payments', '/charges')).toBe('allowed');
    expect(rules({ payments: [] }).decide('payments', 'orders', '/charges')).toBe('forbidden');
  });

  it('of several beginnings of a path the longest counts, and it ends where a part of the path ends', () => {
    const { decide } = rules({ payments: { '/refunds': ['support'], '/': ['orders'], '/health/': ['*'] } });
    expect(decide('payments', 'orders', '/charges')).toBe('allowed');
    expect(decide('payments', 'orders', '/refunds')).toBe('forbidden');
    expect(decide('payments', 'orders', '/refunds/7')).toBe('forbidden');
    expect(decide('payments', 'support', '/refunds/7')).toBe('allowed');
    expect(decide('payments', 'orders', '/refunds-of-old')).toBe('allowed');
    expect(decide('payments', undefined, '/health/live')).toBe('allowed');
    expect(decide('payments', undefined, '/health')).toBe('allowed');
  });

  it('a path that no beginning covers is nobody’s', () => {
    const { decide } = rules({ payments: { '/refunds': ['support'] } });
    expect(decide('payments', 'support', '/charges')).toBe('forbidden');
    expect(decide('payments', undefined, '/charges')).toBe('unknown-caller');
  });

  it.each(['/REFUNDS', '/Refunds/7', '/%72efunds', '/refunds%2F7', '/%52EFUNDS/7'])('%s is no way around a rule', (path) => {
    const { decide } = rules({ payments: { '/': ['orders'], '/refunds': ['support'] } });
    expect(decide('payments', 'orders', path)).toBe('forbidden');
  });

  it('what only looks open when it is decoded stays closed', () => {
    const { decide } = rules({ payments: { '/': ['orders'], '/health': ['*'] } });
    for (const path of ['/%68ealth', '/health%2F..', '/%68ealth/x']) {
      expect(decide('payments', undefined, path)).toBe('unknown-caller');
    }
  });

  // What a router takes a path for: Express, where a "#" or a blank makes it read by `url.parse`; Fastify, by the options of its router; and who serves files.
  it.each([
    ['/refunds#', '/refunds/7#/..', '/refunds#x?y', '/refunds?#'],
    ['/refunds\u00a0', '/refunds\ufeff', '\u00a0/refunds'],
    ['/refunds\\7#', '\\refunds#', '/\\refunds'],
    ['/refunds;', '/refunds;/../public', '/refunds;v=1/7', '/refunds;#'],
    ['//refunds', '///refunds/7', '/%2Frefunds', '//refunds/../public', '//refunds;x'],
    [
      '/public/../refunds',
      '/./refunds',
      '/public/%2e%2e/refunds/7',
      '/public/x/..%2f../refunds',
      '/..//refunds',
      '/public\\..\\refunds',
    ],
  ])('nor %s and its like, which a router or a file server takes for it', (...paths) => {
    const { decide } = rules({ payments: { '/': ['orders'], '/public': ['orders'], '/refunds': ['support'] } });
    for (const path of paths) expect([path, decide('payments', 'orders', path)]).toEqual([path, 'forbidden']);
    expect(decide('payments', 'support', '/refunds#')).toBe('allowed');
  });

  it('a part of a path may have dots and signs', () => {
    const { decide } = rules({ payments: { '/': ['orders'], '/.well-known': ['*'], '/a;b': ['support'] } });
    for (const path of ['/charges/a.b', '/charges/..x', '/charges/x=1,2', '/charges/%20', '/charges/ü'])
      expect([path, decide('payments', 'orders', path)]).toEqual([path, 'allowed']);
    expect(decide('payments', undefined, '/.well-known/x')).toBe('allowed');
    expect(decide('payments', 'orders', '/a;b')).toBe('forbidden');
  });

  it('a path that cannot be decoded is nobody’s', () => {
    expect(rules({ payments: ['orders'] }).decide('payments', 'orders', '/%zz')).toBe('forbidden');
  });

  it.each([
    ['no object', ['orders']],
    ['nothing', null],
    ['a service that is none', { 'pay ments': ['orders'] }],
    ['callers that are no list', { payments: 'orders' }],
    ['a caller that is none', { payments: ['or ders'] }],
    ['a path that is none', { payments: { refunds: ['orders'] } }],
    ['callers of a path that are no list', { payments: { '/refunds': 'orders' } }],
  ])('takes not %s', (_what, value) => {
    expect(() => rules(value)).toThrow();
  });
});
