import { describe, expect, it } from 'vitest';
import { resolveMeshOptions } from './options.ts';
import { dnsSource } from './sources/dns.ts';
import { etcdSource } from './sources/etcd.ts';
import { natsSource } from './sources/nats.ts';
import { postgresSource } from './sources/postgres.ts';
import { redisSource } from './sources/redis.ts';

const GROUPS = {
  retry: { maxAttempts: 3, baseDelayMs: 25, maxDelayMs: 250, budgetPercent: 20, budgetPerSecond: 3 },
  balance: { decayMs: 10_000, slowStartMs: 10_000, failurePenaltyMs: 1_000 },
  ejection: {
    consecutiveFailures: 5,
    failurePercent: 50,
    minAttempts: 20,
    baseMs: 5_000,
    maxMs: 60_000,
    maxEjectedPercent: 50,
  },
  bulkhead: { maxInFlight: 100, maxQueued: 100 },
  hedging: { maxExtraPercent: 5, percentile: 95 },
};

describe('the options of calls', () => {
  it('have the defaults that the documents say', () => {
    expect(resolveMeshOptions('test()', {})).toMatchObject(GROUPS);
  });

  describe.each(Object.entries(GROUPS))('%s', (name, defaults) => {
    it('is switched off by false, and by nothing else', () => {
      expect(resolveMeshOptions('test()', { [name]: false })).toMatchObject({ [name]: false });
      for (const value of [0, null, true, 'off', []]) {
        expect(() => resolveMeshOptions('test()', { [name]: value }), String(value)).toThrow(
          new RegExp(`Option "${name}" of test\\(\\) got .*it takes false, or an object of`),
        );
      }
    });

    it('takes each of its own, a number or its text, and leaves the others as they are', () => {
      for (const key of Object.keys(defaults)) {
        expect(resolveMeshOptions('test()', { [name]: { [key]: '1' } })).toMatchObject({ [name]: { ...defaults, [key]: 1 } });
      }
    });

    it('names an unknown one, and one that is out of its range', () => {
      expect(() => resolveMeshOptions('test()', { [name]: { nonsense: 1 } })).toThrow(
        new RegExp(`Unknown option "nonsense" of "${name}"`),
      );
      for (const key of Object.keys(defaults)) {
        for (const value of [0, -1, 1.5, Number.NaN, 1e12, 'many', {}]) {
          expect(() => resolveMeshOptions('test()', { [name]: { [key]: value } }), `${key}: ${value}`).toThrow(
            expect.objectContaining({ code: 'MESH_OPTION_INVALID', message: expect.stringContaining(`"${key}"`) }),
          );
        }
      }
    });
  });
});

describe('the option source', () => {
  const source = Object.freeze({ name: 'Somewhere', create: () => Promise.reject(new Error('not now')) as never });

  it('takes what was made for an engine, and says so of anything else', () => {
    expect(resolveMeshOptions('test()', { source }).source).toBe(source);
    expect(resolveMeshOptions('test()', { source, peers: [] }).source).toBe(source);
    for (const value of ['redis', null, false, {}, () => source]) {
      expect(() => resolveMeshOptions('test()', { source: value }), String(value)).toThrow(
        /Option "source" of test\(\) got .*; it takes a source that was made for an engine: redisSource\(\{ client \}\)/,
      );
    }
  });

  it('together with peers is an error that says which to leave out', () => {
    expect(() => resolveMeshOptions('test()', { source, peers: ['http://127.0.0.1:3001'] })).toThrow(
      /got "peers" .* and "source" \(Somewhere\): .* Leave out "peers" to find them in Somewhere, or leave out "source"\./,
    );
    process.env.EXPRESS_MICRO_PEERS = 'http://127.0.0.1:3001';
    try {
      expect(() => resolveMeshOptions('test()', { source })).toThrow(/unset EXPRESS_MICRO_PEERS/);
    } finally {
      delete process.env.EXPRESS_MICRO_PEERS;
    }
  });
});

describe.each([
  {
    make: redisSource,
    client: { on: () => {}, duplicate: () => {}, call: () => {} },
    more: 'prefix',
    takes: 'a client of redis or ioredis',
  },
  { make: natsSource, client: { create: () => {} }, more: 'bucket', takes: 'a Kvm of @nats-io/kv' },
  {
    make: etcdSource,
    client: { lease: () => {}, getAll: () => {}, watch: () => {} },
    more: 'prefix',
    takes: 'a client of etcd3',
  },
  {
    make: postgresSource,
    client: { query: () => {}, connect: () => {}, on: () => {}, totalCount: 0 },
    more: 'table',
    takes: 'a pool of pg',
  },
])('$make.name()', ({ make, client, more, takes }) => {
  const open = make as (options: unknown) => { readonly name: string };

  it('says at once what is no client, what is no name, and what is no option', () => {
    for (const given of [undefined, {}, { client: 'engine://127.0.0.1' }, { client: {} }, { client: null }]) {
      expect(() => open(given)).toThrow(new RegExp(`Option "client" of ${make.name}\\(\\) got .*; it takes ${takes}`));
    }
    for (const name of ['a b', '', 1, 'x'.repeat(65), '"; --'])
      expect(() => open({ client, [more]: name })).toThrow(new RegExp(`Option "${more}" of ${make.name}`));
    expect(() => open({ client, url: 'x' })).toThrow(`The options are: client, ${more}.`);
    expect(resolveMeshOptions('test()', { source: open({ client }) }).source?.name).toMatch(/^(Redis|NATS|etcd|PostgreSQL)$/);
  });
});

describe('dnsSource()', () => {
  it('says at once what is no name, no protocol and no resolver', () => {
    const open = dnsSource as (options: unknown) => unknown;
    for (const names of [undefined, [], 'orders:3000', ['orders']])
      expect(() => open({ names })).toThrow(/Option "names" of dnsSource\(\) got .*; it takes a list of names such as/);
    expect(() => open({ names: ['orders:3000', 'http://orders'] })).toThrow('the entry "http://orders"');
    expect(() => open({ names: ['orders:3000'], protocol: 'ftp' })).toThrow(/Option "protocol" of dnsSource\(\)/);
    expect(() => open({ names: ['orders:3000'], resolver: {} })).toThrow(/Option "resolver" of dnsSource\(\)/);
    const source = dnsSource({ names: ['orders:3000', '_http._tcp.orders.shop'] });
    expect(resolveMeshOptions('test()', { source }).source?.name).toBe('DNS');
  });
});
