import { describe, expect, it } from 'vitest';
import { type DnsName, type DnsResolver, parseDnsName, resolveOrigins } from './dns-names.ts';

const absent = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

function resolver(records: Readonly<Record<string, readonly string[] | string>>): DnsResolver {
  const look = async (kind: string, name: string): Promise<string[]> => {
    const found = records[`${kind} ${name}`];
    return typeof found === 'string' ? absent(found) : found === undefined ? absent('ENODATA') : [...found];
  };
  return {
    resolve4: (name) => look('A', name),
    resolve6: (name) => look('AAAA', name),
    resolveSrv: async (name) =>
      (await look('SRV', name)).map((entry) => {
        const [target = '', port] = entry.split(' ');
        return { name: target, port: Number(port) };
      }),
  };
}

const origins = (records: Parameters<typeof resolver>[0], name: string, max = 10) =>
  resolveOrigins(resolver(records), parseDnsName(name) as DnsName, 'http', max);

describe('names of DNS', () => {
  it('are a host with a port, or a service that has the ports itself', () => {
    expect(parseDnsName('orders.shop.svc.cluster.local:3000')).toEqual({
      kind: 'host',
      name: 'orders.shop.svc.cluster.local',
      port: 3_000,
    });
    expect(parseDnsName('_http._tcp.orders.shop')).toEqual({ kind: 'service', name: '_http._tcp.orders.shop' });
  });

  it.each([
    'orders',
    'orders:',
    'orders:0',
    'orders:65536',
    'orders:80:80',
    'http://orders:80',
    'a b:80',
    '-a:80',
    'a..b:80',
    '_http.orders',
    '_tcp.a',
    '',
    80,
    null,
    `${'a'.repeat(300)}:80`,
  ])('%j is neither', (text) => {
    expect(parseDnsName(text)).toBeUndefined();
  });
});

describe('what a name leads to', () => {
  it('each address with the port of the name, and IPv6 where there is no IPv4', async () => {
    expect(await origins({ 'A a.b': ['10.0.0.1', '10.0.0.2'], 'AAAA a.b': ['fd00::1'] }, 'a.b:80')).toEqual([
      'http://10.0.0.1',
      'http://10.0.0.2',
    ]);
    expect(await origins({ 'AAAA a.b': ['fd00::1'] }, 'a.b:3000')).toEqual(['http://[fd00::1]:3000']);
  });

  it('each target of a service with its own port, and each place once', async () => {
    const records = { 'SRV _http._tcp.a': ['x 1', 'y 2', 'x 1'], 'A x': ['10.0.0.1'], 'A y': ['10.0.0.1'] };
    expect(await origins(records, '_http._tcp.a')).toEqual(['http://10.0.0.1:1', 'http://10.0.0.1:2']);
  });

  it('nobody, where the name is not there or has no such record', async () => {
    expect(await origins({}, 'a.b:80')).toEqual([]);
    expect(await origins({ 'A a.b': 'ENOTFOUND', 'AAAA a.b': 'ENOTFOUND' }, 'a.b:80')).toEqual([]);
  });

  it.each(['ESERVFAIL', 'ETIMEOUT', 'ECONNREFUSED', 'EREFUSED'])('%s is no answer, and never nobody', async (code) => {
    await expect(origins({ 'A a.b': code }, 'a.b:80')).rejects.toMatchObject({ code });
    await expect(
      origins({ 'SRV _http._tcp.a': ['x 1', 'y 2'], 'A x': ['10.0.0.1'], 'A y': code }, '_http._tcp.a'),
    ).rejects.toMatchObject({
      code,
    });
  });

  it('no address at which no service can be, and no more than there is room for', async () => {
    expect(await origins({ 'A a.b': ['169.254.169.254', '0.0.0.0', '224.0.0.1', '10.0.0.1'] }, 'a.b:80')).toEqual([
      'http://10.0.0.1',
    ]);
    const many = Array.from({ length: 300 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    expect(await origins({ 'A a.b': many }, 'a.b:80', 100)).toHaveLength(100);
  });
});
