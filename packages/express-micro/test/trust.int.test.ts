import https from 'node:https';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../../test/engines/openssl.ts';
import type { ExpressMicroOptions, MeshError } from '../src/index.ts';
import { type App, rawRequest, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

afterEach(stopAll);

const authority = createAuthority();
const { ca } = authority;
const trustDomain = 'shop.example';
const identity = (service: string, by = authority) => by.issue(`URI:spiffe://${trustDomain}/${service},IP:127.0.0.1`);

/** A service of a fleet in which everybody has a certificate with his name. */
function startCertified(
  name: string,
  declare: (app: App, micro: Service['micro']) => void = () => {},
  options: Pick<ExpressMicroOptions, 'peers' | 'transport'> & { certified?: ReturnType<typeof identity> } = {},
): Promise<Service> {
  const { certified = identity(name), ...rest } = options;
  return startService(name, declare, {
    https: { ...certified, ca, requestCert: true, rejectUnauthorized: false },
    tls: { ca, ...certified, trustDomain },
    ...rest,
  });
}

const failed = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('the call was answered'),
    (error: MeshError) => error,
  );

const guarded = (app: App, micro: Service['micro']) => {
  app.get('/who', (req, res) => void res.json(micro.caller(req)?.service ?? 'nobody'));
  app.get('/secret', micro.internal(), (req, res) => void res.json(micro.caller(req)?.service));
};

describe('HTTPS with an authority of one’s own', () => {
  it('is trusted by who names it, over HTTP and over the link, and by nobody else', async () => {
    const { key, cert } = authority.issue('IP:127.0.0.1');
    const orders = await startService('orders', guarded, { https: { key, cert } });
    const knowing = await startService('knowing', () => {}, { tls: { ca }, peers: [orders.url] });
    const other = await startService('other', () => {}, { peers: [orders.url] });
    await knowing.micro.ready();
    await untilLinked(knowing, (services) => services.orders.getSecret());
    expect(await knowing.micro.services.orders.getSecret()).toBe('knowing');
    const error = await failed(other.micro.ready({ timeoutMs: 1_500 }));
    expect(error.code).toBe('MESH_NOT_READY');
    expect(other.micro.instances()).toEqual([]);
  });
});

describe('mutual TLS', () => {
  it('names who calls, over HTTP and over the link', async () => {
    const orders = await startCertified('orders', guarded);
    for (const transport of ['http', 'auto'] as const) {
      const users = await startCertified('users', () => {}, { peers: [orders.url], transport });
      await users.micro.ready();
      if (transport === 'auto') await untilLinked(users, (services) => services.orders.getWho());
      expect(await users.micro.services.orders.getWho()).toBe('users');
      expect(await users.micro.services.orders.getSecret()).toBe('users');
    }
  });

  it('a caller with the key and without a certificate is no member, and nobody', async () => {
    const orders = await startCertified('orders', guarded);
    const { key, cert } = identity('users');
    const thief = await startService('users', guarded, { tls: { ca }, https: { key, cert }, peers: [orders.url] });
    const error = await failed(thief.micro.ready({ timeoutMs: 1_500 }));
    expect(error.code).toBe('MESH_NOT_READY');
    expect(orders.micro.instances()).toEqual([]);
  });

  it('a service that shows no certificate is not called', async () => {
    const plain = await startService('reports', guarded);
    const users = await startCertified('users', () => {}, { peers: [plain.url] });
    await until(
      'the lack of a certificate is seen',
      () => users.warnings.join('\n'),
      (text) => /reports is said to be at http:.*, but nobody shows a certificate there/.test(text),
    );
    expect((await failed(users.micro.services.reports.getWho())).code).toBe('MESH_SERVICE_UNAVAILABLE');
  });

  it('a service that says to be another one than its certificate is not called', async () => {
    const liar = await startCertified('payments', (app) => void app.get('/charges', (_req, res) => void res.json([])), {
      certified: identity('reports'),
    });
    const users = await startCertified('users', () => {}, { peers: [liar.url] });
    await until(
      'the lie is seen',
      () => users.warnings.join('\n'),
      (text) => /payments is said to be at .* certificate there is that of reports/.test(text),
    );
    expect((await failed(users.micro.services.payments.getCharges())).code).toBe('MESH_SERVICE_UNAVAILABLE');
    // And the other way: it is no member for those whom it calls.
    const orders = await startCertified('orders');
    const another = await startCertified('payments', () => {}, { certified: identity('reports'), peers: [orders.url] });
    expect((await failed(another.micro.ready({ timeoutMs: 1_500 }))).code).toBe('MESH_NOT_READY');
    expect(orders.micro.instances()).toEqual([]);
  });

  it('a certificate of another authority proves nothing, whatever name it has', async () => {
    const orders = await startCertified('orders', guarded);
    const stranger = await startCertified('users', () => {}, {
      certified: identity('users', createAuthority()),
      peers: [orders.url],
    });
    expect((await failed(stranger.micro.ready({ timeoutMs: 1_500 }))).code).toBe('MESH_NOT_READY');
    expect(orders.micro.instances()).toEqual([]);
  });

  it('a browser without a certificate is served as ever, where the app lets it in', async () => {
    const orders = await startCertified('orders', guarded);
    const look = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = https.get(`${orders.url}${path}`, { ca, agent: false, checkServerIdentity: () => undefined }, (res) => {
          res.resume();
          resolve(res.statusCode);
        });
        asked.once('error', reject);
      });
    expect([await look('/who'), await look('/secret')]).toEqual([200, 401]);
  });

  it('an app without TLS is told that nobody will count', async () => {
    const { warnings } = await startService('orders', () => {}, { tls: { ca, ...identity('orders'), trustDomain } });
    expect(warnings.join()).toMatch(/trustDomain.*https\.createServer/);
  });
});

describe('the option "tls"', () => {
  const { key, cert } = identity('orders');
  it.each([
    ['a certificate without its key', { cert }, '"cert" and "key" come together'],
    ['a trust domain without a certificate', { trustDomain }, 'needs "cert" and "key"'],
    ['a mapping without a trust domain', { serviceOf: () => 'x' }, '"serviceOf" needs "trustDomain"'],
    ['a path', { ca: '/etc/ssl/ca.pem' }, 'give the content of the file'],
    ['a key in place of a certificate', { cert: key, key }, 'BEGIN CERTIFICATE'],
    ['a trust domain that is a URI', { cert, key, trustDomain: 'spiffe://shop' }, 'without "spiffe://"'],
    ['false', false, 'an object of ca, cert, key'],
    ['another name', { certificate: cert }, 'Unknown option "certificate"'],
  ])('takes not %s, and never repeats a key', async (_what, tls, words) => {
    const error = await failed(startService('orders', () => {}, { tls: tls as never }));
    expect(error).toMatchObject({ code: 'MESH_OPTION_INVALID', message: expect.stringContaining(words) });
    expect(error.message).not.toContain(key.split('\n')[1]);
    expect(error.message).not.toContain('BEGIN PRIVATE KEY-----\\n');
  });
});

/** Of a request whose path is sent as it stands, which no client of Node's does. */
async function statusOf(url: string, path: string): Promise<string | undefined> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`, 'latin1');
  const answer = Buffer.concat(await socket.toArray()).toString('latin1');
  return answer.split(' ', 2)[1];
}

describe('rules of who may call what', () => {
  const allow = { payments: { '/': ['orders'], '/health': ['*'] } };
  const declare = (app: App) => {
    app.get('/charges', (_req, res) => void res.json([]));
    app.get('/health', (_req, res) => void res.json('well'));
  };

  it('the service lets in who is named, over HTTP, a link and within the process, and refuses the rest before its routes', async () => {
    const payments = await startService('payments', declare, { allow });
    const orders = await startService('orders', () => {}, { peers: [payments.url] });
    const users = await startService('users', () => {}, { peers: [payments.url] });
    await Promise.all([orders.micro.ready(), users.micro.ready()]);
    expect(await orders.micro.services.payments.getCharges()).toEqual([]);
    expect(await failed(users.micro.services.payments.getCharges())).toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 403 });
    shutDoors();
    await untilLinked(orders, (services) => services.payments.getCharges());
    expect(await orders.micro.services.payments.getCharges()).toEqual([]);
    expect((await failed(users.micro.services.payments.getCharges())).status).toBe(403);
    expect((await rawRequest(`${payments.url}/charges`)).status).toBe(401);
    expect((await rawRequest(`${payments.url}/health`)).status).toBe(200);
    expect(await users.micro.services.payments.getHealth()).toBe('well');
    expect(payments.micro.counters().forbidden).toBe(3);
    // It is not the instance that failed.
    expect(users.micro.instances('payments')).toMatchObject([{ status: 'UP' }]);
  });

  it('no spelling of a path that reaches a route is a way around them', async () => {
    const rules = { payments: { '/': ['*'], '/refunds': ['support'] } };
    const { url } = await startService('payments', (app) => void app.get('/refunds', (_req, res) => void res.json('all')), {
      allow: rules,
    });
    const statuses = await Promise.all(
      ['/refunds', '/refunds#', '/refunds#?a', '/REFUNDS#', '/%72efunds#', '/refunds\xa0', '\\refunds#', 'http://a/refunds'].map(
        async (path) => [path, await statusOf(url, path)],
      ),
    );
    // What no router takes for that route is not found, and never answered.
    expect(statuses.filter(([, status]) => !['400', '401', '404'].includes(status as string))).toEqual([]);
    expect(statuses.slice(0, 3).map(([, status]) => status)).toEqual(['401', '401', '401']);
  });

  it('a caller that has the rules too sends nothing', async () => {
    let asked = 0;
    const payments = await startService('payments', (app) => {
      app.get('/charges', () => {
        asked += 1;
      });
    });
    const users = await startService('users', () => {}, { peers: [payments.url], allow });
    await users.micro.ready();
    const error = await failed(users.micro.services.payments.getCharges());
    expect(error).toMatchObject({ code: 'MESH_NOT_ALLOWED', kind: 'permission_denied', status: 403 });
    expect(asked).toBe(0);
  });

  it('a rule with a mistake is an error that says which', async () => {
    const error = await failed(startService('orders', () => {}, { allow: { payments: 'orders' } as never }));
    expect(error.message).toMatch(/"allow".*payments.*no list/);
  });
});
