import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls, { type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Authority, createAuthority } from '../../../test/engines/openssl.ts';
import type { ExpressMicroOptions, MeshError, RenewalEvent } from '../src/index.ts';
import { type App, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

const trustDomain = 'shop.example';
const first = createAuthority();
const second = createAuthority();
const folders: string[] = [];

afterEach(async () => {
  await stopAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

interface Mounted {
  readonly files: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  /** All three at once, as Kubernetes and cert-manager do: a link to their directory is replaced. */
  swap(by: Authority, trusted: string): void;
  write(parts: { ca?: string; cert?: string; key?: string }): void;
}

/** The certificate of a service on disk, as it is mounted into a container. */
function mount(service: string, by: Authority, trusted = by.ca): Mounted {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-renewal-'));
  folders.push(folder);
  let versions = 0;
  const swap = (from: Authority, ca: string): void => {
    versions += 1;
    const version = path.join(folder, `..${versions}`);
    mkdirSync(version);
    const { cert, key } = from.issue(`URI:spiffe://${trustDomain}/${service},IP:127.0.0.1`);
    for (const [name, content] of Object.entries({ ca, cert, key })) writeFileSync(path.join(version, `${name}.pem`), content);
    symlinkSync(`..${versions}`, path.join(folder, '..data_tmp'));
    renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  };
  swap(by, trusted);
  const file = (name: string) => path.join(folder, '..data', `${name}.pem`);
  return {
    files: { caFile: file('ca'), certFile: file('cert'), keyFile: file('key') },
    swap,
    write: (parts) => {
      for (const [name, content] of Object.entries(parts)) writeFileSync(file(name), content);
    },
  };
}

interface Certified extends Service {
  readonly mounted: Mounted;
  readonly renewals: RenewalEvent[];
}

async function startCertified(
  name: string,
  declare: (app: App) => void = () => {},
  options: Pick<ExpressMicroOptions, 'peers' | 'transport' | 'reloadOnSighup'> & { mounted?: Mounted } = {},
): Promise<Certified> {
  const { mounted = mount(name, first), ...rest } = options;
  const renewals: RenewalEvent[] = [];
  const service = await startService(
    name,
    (made, micro) => {
      micro.on('renewal', (event) => renewals.push(event));
      declare(made);
      made.get('/who', (req, res) => void res.json(micro.caller(req)?.service ?? 'nobody'));
      made.get('/secret', micro.internal(), (req, res) => {
        res.json((req.socket as TLSSocket).getPeerCertificate?.().fingerprint256 ?? 'a link');
      });
    },
    {
      tls: { ...mounted.files, trustDomain },
      https: (micro) => ({ ...micro.certificates(), requestCert: true, rejectUnauthorized: false }),
      // What fails is to be seen.
      retry: false,
      ...rest,
    },
  );
  return { ...service, mounted, renewals };
}

const taken = (service: Certified) => service.renewals.filter(({ outcome }) => outcome === 'taken').length;

/** Two seconds of polling at the most, and a busy machine. */
const isTaken = (service: Certified, count: number) =>
  until(
    'the renewal is taken',
    () => taken(service),
    (seen) => seen >= count,
  );

/** What a server shows to whoever connects now. */
function shownBy({ server }: Service): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Calls on and on, several at a time. */
function load(call: () => Promise<unknown>): { calls: () => number; end(): Promise<string[]> } {
  let isOver = false;
  let calls = 0;
  const failures: string[] = [];
  const workers = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      await call().catch((error: MeshError) =>
        failures.push(`${error.code} ${error.status}: ${error.message} ${(error.cause as Error)?.message}`),
      );
      calls += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  return {
    calls: () => calls,
    async end() {
      isOver = true;
      await Promise.all(workers);
      return [...new Set(failures)];
    },
  };
}

/** Whether a new connection with this certificate is verified, and the ticket to resume it with. */
async function verifiedBy({ server }: Service, { files }: Mounted, ticket?: Buffer) {
  const [ca, cert, key] = [files.caFile, files.certFile, files.keyFile].map((file) => readFileSync(file));
  const { port } = server.address() as AddressInfo;
  const seen = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve));
  const socket = tls.connect({ port, host: '127.0.0.1', ca, cert, key, session: ticket, checkServerIdentity: () => undefined });
  socket.on('error', () => {});
  const given = new Promise<Buffer | undefined>((resolve) => {
    socket.once('session', resolve);
    socket.once('close', () => resolve(undefined));
  });
  const isVerified = (await seen).authorized;
  const result = { isVerified, ticket: ticket === undefined ? await given : undefined };
  socket.destroy();
  return result;
}

/** A connection of somebody who keeps it, whatever the answers say. */
async function keptOpen({ url }: Service, { files }: Mounted) {
  const [ca, cert, key] = [files.caFile, files.certFile, files.keyFile].map((file) => readFileSync(file));
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca, cert, key, checkServerIdentity: () => undefined });
  let ended: Promise<unknown> = Promise.reject(new Error('never asked'));
  ended.catch(() => {});
  const ask = () =>
    new Promise<http.IncomingHttpHeaders>((resolve, reject) => {
      const asked = https.get(`${url}/who`, { agent }, (answer) => answer.resume().once('end', () => resolve(answer.headers)));
      asked.once('error', reject);
      asked.once('socket', (socket) => {
        ended = new Promise((done) => socket.once('close', done));
      });
    });
  expect((await ask()).connection).toBe('keep-alive');
  return { ask, ended: () => ended };
}

const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: MeshError) => error,
  );

describe('certificates that are renewed on disk', () => {
  it.each(['http', 'auto'] as const)('are taken by both sides and fail no call (transport: %s)', async (transport) => {
    const orders = await startCertified('orders');
    const users = await startCertified('users', () => {}, { peers: [orders.url], transport });
    await users.micro.ready();
    if (transport === 'auto') await untilLinked(users, (services) => services.orders.getSecret());
    shutDoors();
    const before = await shownBy(orders);
    const { calls, end } = load(() => users.micro.services.orders.getSecret());
    for (let renewal = 1; renewal <= 3; renewal += 1) {
      orders.mounted.swap(first, first.ca);
      users.mounted.swap(first, first.ca);
      await Promise.all([isTaken(orders, renewal), isTaken(users, renewal)]);
      const seen = calls();
      await until('calls after it', calls, (now) => now > seen + 100);
    }
    expect(await end()).toEqual([]);
    expect(await shownBy(orders)).not.toBe(before);
    expect(orders.renewals).toMatchObject([{ what: 'certificates', outcome: 'taken', by: 'file', servers: 1 }, {}, {}]);
    const { fingerprint256 } = new X509Certificate(readFileSync(users.mounted.files.certFile));
    expect(await users.micro.services.orders.getSecret()).toBe(fingerprint256);
    if (transport === 'auto') expect(users.micro.counters().linksOut).toBe(1);
  });

  it('a fleet changes its authority with no failed call, and whoever has only the former one is refused, also on old connections', async () => {
    const orders = await startCertified('orders');
    const users = await startCertified('users', () => {}, { peers: [orders.url] });
    const late = await startCertified('late', () => {}, { peers: [orders.url] });
    const lateOverHttp = await startCertified('late', () => {}, { peers: [orders.url], transport: 'http' });
    const all = [orders, users];
    for (const caller of [users, late]) {
      await caller.micro.ready();
      await untilLinked(caller, (services) => services.orders.getSecret());
    }
    await lateOverHttp.micro.ready();
    shutDoors();
    const who = load(() => users.micro.services.orders.getWho());
    const both = first.ca + second.ca;
    for (const one of [...all, late, lateOverHttp]) one.mounted.write({ ca: both });
    await Promise.all([...all, late, lateOverHttp].map((one) => isTaken(one, 1)));
    for (const one of all) one.mounted.swap(second, both);
    await Promise.all(all.map((one) => isTaken(one, 2)));
    // All have two authorities: the one who is late with his certificate is served as ever.
    expect(await late.micro.services.orders.getWho()).toBe('late');
    expect(await lateOverHttp.micro.services.orders.getWho()).toBe('late');
    const open = await keptOpen(orders, late.mounted);
    const session = await verifiedBy(orders, late.mounted);
    expect(session).toMatchObject({ isVerified: true });
    for (const one of all) one.mounted.write({ ca: second.ca });
    await Promise.all(all.map((one) => isTaken(one, 3)));
    // Long before anybody finds out that discovery refuses him too.
    await until(
      'the link of the late one has ended',
      () => late.micro.counters().linksOut,
      (open) => open === 0,
      1_000,
    );
    const seen = who.calls();
    await until('calls after it', who.calls, (now) => now > seen + 200);
    expect(await who.end()).toEqual([]);
    expect(await users.micro.services.orders.getWho()).toBe('users');
    for (const caller of [late, lateOverHttp]) {
      // The next answer on each old connection ends it, and he may have several; over a new one he is nobody.
      let inARow = 0;
      await until(
        'the late one is refused, and again and again',
        async () => {
          const isRefused = await caller.micro.services.orders.getSecret().then(
            () => false,
            ({ status }: MeshError) => status === 401 || status === 503,
          );
          inARow = isRefused ? inARow + 1 : 0;
          return inARow;
        },
        (refusals) => refusals >= 5,
      );
    }
    expect(await open.ask()).toMatchObject({ connection: 'close' });
    await open.ended();
    // Nor does a session that was verified by it help.
    expect(await verifiedBy(orders, late.mounted, session.ticket)).toMatchObject({ isVerified: false });
  });

  it('leave a server alone that shows another certificate', async () => {
    const mounted = mount('orders', first);
    const { cert, key } = second.issue('IP:127.0.0.1');
    const renewals: RenewalEvent[] = [];
    const orders = await startService('orders', (_app, micro) => void micro.on('renewal', (event) => renewals.push(event)), {
      tls: { caFile: mounted.files.caFile },
      https: { cert, key },
    });
    const before = await shownBy(orders);
    mounted.write({ ca: second.ca });
    await until(
      'the renewal',
      () => renewals,
      (seen) => seen.length === 1,
    );
    expect(renewals).toMatchObject([{ outcome: 'taken', servers: 0, validUntil: undefined }]);
    expect(await shownBy(orders)).toBe(before);
  });

  it('keep what else the server was made with', async () => {
    const mounted = mount('orders', first);
    const orders = await startService('orders', () => {}, {
      tls: { ...mounted.files, trustDomain },
      https: (micro) => ({ ...micro.certificates(), ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
    });
    const before = await shownBy(orders);
    mounted.swap(first, first.ca);
    await until(
      'the new certificate is shown',
      () => shownBy(orders),
      (shown) => shown !== before,
    );
    const { port } = orders.server.address() as AddressInfo;
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect([socket.getCipher().name, socket.getProtocol()]).toEqual(['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLSv1.2']);
    socket.destroy();
  });
});

describe('a new certificate that is no good', () => {
  const { cert: otherCert, key: otherKey } = first.issue(`URI:spiffe://${trustDomain}/orders,IP:127.0.0.1`);
  const stranger = first.issue(`URI:spiffe://${trustDomain}/payments,IP:127.0.0.1`);
  it.each([
    ['does not match its key', { cert: otherCert }, /the key is not that of the certificate/],
    ['is half written', { cert: otherCert.slice(0, 300), key: otherKey }, /cut off in the middle/],
    ['is empty', { cert: '' }, /is empty/],
    ['is garbage', { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }, /the certificate: /],
    ['names another service', stranger, /is that of payments .* and not of orders/],
    ['has a key that is none', { key: 'nonsense' }, /the key: /],
    ['comes with authorities that are none', { ca: 'nonsense' }, /the authorities: holds no certificate/],
  ])('is refused when it %s, and said once; the old one stays, and the next good one is taken', async (_what, parts, words) => {
    const orders = await startCertified('orders');
    const before = await shownBy(orders);
    orders.mounted.write(parts);
    await until(
      'the refusal',
      () => orders.renewals,
      (seen) => seen.length > 0,
    );
    expect(orders.renewals).toMatchObject([
      { what: 'certificates', outcome: 'refused', by: 'file', error: { code: 'MESH_CERTIFICATE_REFUSED' } },
    ]);
    expect(orders.warnings.join('\n')).toMatch(words);
    expect(orders.warnings.join('\n')).not.toContain('PRIVATE KEY');
    expect(await shownBy(orders)).toBe(before);
    orders.mounted.swap(first, first.ca);
    await isTaken(orders, 1);
    expect(orders.renewals).toHaveLength(2);
    expect(await shownBy(orders)).not.toBe(before);
  });

  it('is an error at the start, which says which file', async () => {
    const { files, write } = mount('orders', first);
    write({ key: otherKey });
    const error = await failed(startService('orders', () => {}, { tls: files }));
    expect(error).toMatchObject({ code: 'MESH_CERTIFICATE_REFUSED', message: expect.stringContaining(files.keyFile) });
    expect(error.message).not.toContain(otherKey.split('\n')[1]);
  });
});
