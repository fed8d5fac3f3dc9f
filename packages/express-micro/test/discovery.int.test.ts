import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bearer, onExpress, PING_INTERVAL_MS, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

const pens = (app: import('./fleet.test-support.ts').App) =>
  void app.get('/pens/:id', (req, res) => void res.json({ pen: req.params.id }));

describe('E3: finding each other', () => {
  it('one direction is enough: who is named and who names know each other', async () => {
    const a = await startService('a', pens);
    const b = await startService('b', pens, { peers: [a.url] });
    await b.micro.ready();
    await a.micro.ready({ services: ['b'] });
    expect(await a.micro.services.b.getPen({ id: 1 })).toEqual({ pen: '1' });
    expect(await b.micro.services.a.getPen({ id: 2 })).toEqual({ pen: '2' });
  });

  it('through any other peer: in a chain the ends find each other', async () => {
    const c = await startService('c', pens);
    const b = await startService('b', pens, { peers: [c.url] });
    const a = await startService('a', pens, { peers: [b.url] });
    await a.micro.ready({ services: ['c'] });
    await c.micro.ready({ services: ['a'] });
    expect(await a.micro.services.c.getPen({ id: 3 })).toEqual({ pen: '3' });
  });

  it('a peer that starts later is found without a restart, and the list of peers may name ourselves', async () => {
    const probe = http.createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const everybody = [`http://127.0.0.1:${port}`, 'http://127.0.0.1:9'];
    const early = await startService('early', pens, { peers: everybody });
    await expect(early.micro.services.late.getPen({ id: 1 })).rejects.toThrow(/^Service Unavailable: late/);
    const late = await startService('late', pens, { peers: everybody, port });
    await early.micro.ready({ services: ['late'], timeoutMs: 2 * PING_INTERVAL_MS + 2_000 });
    expect(await early.micro.services.late.getPen({ id: 1 })).toEqual({ pen: '1' });
    expect(late.micro.instances().map((one) => one.service)).toEqual(['early']);
  });

  // Fastify takes no routes once it listens.
  onExpress('route lists are never stale: a route declared later can be called at once, and is announced', async () => {
    const a = await startService('a', pens);
    const b = await startService('b', pens, { peers: [a.url] });
    await b.micro.ready();
    await expect(b.micro.services.a.listInks()).rejects.toThrow(/^Route Not Found: listInks on a/);
    a.app.get('/inks', (_req, res) => void res.json(['blue']));
    await until(
      'the new function in the list',
      () => Object.keys(b.micro.services.a),
      (names) => names.includes('listInks'),
    );
    expect(await b.micro.services.a.listInks()).toEqual(['blue']);
    a.app.get('/nibs', (_req, res) => void res.json(['gold']));
    await until(
      'the next new function in the list',
      () => Object.keys(b.micro.services.a),
      (names) => names.includes('listNibs'),
    );
    a.app.get('/caps', (_req, res) => void res.json([]));
    expect(await b.micro.services.a.listCaps()).toEqual([]);
  });
});

describe('E4: instances', () => {
  it('several instances of one service share the calls; the instance is what is up or down', async () => {
    const served: string[] = [];
    const declare = (name: string) => (app: import('./fleet.test-support.ts').App) =>
      void app.get('/who', (_req, res) => {
        served.push(name);
        res.json(name);
      });
    const one = await startService('pool', declare('one'));
    const two = await startService('pool', declare('two'), { peers: [one.url] });
    const events: string[] = [];
    const caller = await startService('caller', () => {}, {
      peers: [one.url],
      onServiceUp: (name) => events.push(`up ${name}`),
      onServiceDown: (name) => events.push(`down ${name}`),
    });
    const changes: string[] = [];
    caller.micro.on('change', ({ status }) => changes.push(status));
    await until(
      'both instances',
      () => caller.micro.instances('pool'),
      (seen) => seen.length === 2 && seen.every(({ status }) => status === 'UP'),
    );
    for (let i = 0; i < 60; i++) await caller.micro.services.pool.getWho();
    expect(new Set(served)).toEqual(new Set(['one', 'two']));
    expect(served.filter((name) => name === 'one').length).toBeGreaterThan(10);

    await two.micro.close();
    await until(
      'one instance',
      () => caller.micro.instances('pool'),
      (seen) => seen.length === 1,
    );
    expect(events).toEqual(['up pool']);
    for (let i = 0; i < 20; i++) expect(await caller.micro.services.pool.getWho()).toBe('one');
    await one.micro.close();
    await until(
      'the service down',
      () => events,
      (seen) => seen.includes('down pool'),
    );
    expect(events).toEqual(['up pool', 'down pool']);
    expect(changes.filter((status) => status === 'DOWN')).toHaveLength(2);
  });

  it('two services that differ in spelling alone are an error that names both; the exact names work', async () => {
    const a = await startService('pen-shop', pens);
    const b = await startService('pen_shop', pens, { peers: [a.url] });
    const caller = await startService('caller', () => {}, { peers: [b.url] });
    await until(
      'both',
      () => caller.micro.instances(),
      (seen) => seen.length === 2,
    );
    await expect(caller.micro.services.penShop.getPen({ id: 1 })).rejects.toMatchObject({
      code: 'MESH_SERVICE_AMBIGUOUS',
      message: expect.stringMatching(/"pen-shop".*"pen_shop"|"pen_shop".*"pen-shop"/),
    });
    expect(await caller.micro.services['pen-shop'].getPen({ id: 1 })).toEqual({ pen: '1' });
    expect(Object.keys(caller.micro.services)).toEqual(expect.arrayContaining(['pen-shop', 'pen_shop']));
  });

  it('a function that two routes claim is an error that lists both', async () => {
    const a = await startService('a', (app) => {
      app.get('/v1/inks/:id', (_req, res) => void res.json(1));
      app.get('/v2/inks/:id', (_req, res) => void res.json(2));
    });
    await a.micro.ready();
    await expect(a.micro.services.a.getInk({ id: 1 })).rejects.toMatchObject({
      code: 'MESH_FUNCTION_AMBIGUOUS',
      message: expect.stringMatching(/GET \/v1\/inks\/:id.*GET \/v2\/inks\/:id/),
    });
    expect([await a.micro.services.a.getV1Ink({ id: 1 }), await a.micro.services.a.getV2Ink({ id: 1 })]).toEqual([1, 2]);
  });

  it('a listener of "up" that comes off hears nothing more', async () => {
    const a = await startService('a', pens);
    const heard: string[] = [];
    const off = a.micro.on('up', (name) => heard.push(name));
    await startService('b', pens, { peers: [a.url] });
    await until(
      'b',
      () => heard,
      (seen) => seen.includes('b'),
    );
    off();
    const c = await startService('c', pens, { peers: [a.url] });
    await a.micro.ready({ services: ['c'] });
    await c.micro.ready();
    expect(heard).toEqual(['b']);
  });
});

describe('E11: the endpoints', () => {
  const endpoints: [string, string][] = [
    ['GET', '/services'],
    ['POST', '/register'],
    ['POST', '/ping'],
    ['GET', '/nothing'],
    ['DELETE', '/services'],
    ['GET', ''],
  ];

  it('without a key every path answers the same bytes, whatever is sent', async () => {
    const { url } = await startService('a', pens);
    const answers = new Set<string>();
    const wrong = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: 'Basic abc' },
      { authorization: `Bearer ${'x'.repeat(500)}` },
      { authorization: `Bearer  ${process.env.EXPRESS_DISCOVERY_KEY}` },
    ];
    for (const [method, path] of endpoints) {
      for (const headers of wrong) {
        const {
          status,
          headers: got,
          body,
        } = await rawRequest(`${url}/_discovery${path}`, { method, headers: headers as Record<string, string> });
        delete got.date;
        answers.add(JSON.stringify([status, got, body]));
      }
    }
    expect([...answers]).toHaveLength(1);
    expect(JSON.parse([...answers][0] as string)[0]).toBe(401);
  });

  it('GET /_discovery/services tells of this service and of its peers', async () => {
    const a = await startService('order-service', pens);
    const b = await startService('user-service', pens, { peers: [a.url] });
    await b.micro.ready();
    const { status, body } = await rawRequest(`${b.url}/_discovery/services`, { headers: bearer() });
    expect([status, JSON.parse(body)]).toEqual([
      200,
      {
        thisService: expect.objectContaining({
          name: 'user-service',
          url: b.url,
          routes: [expect.objectContaining({ method: 'GET', path: '/pens/:id', functions: ['getPen', 'getPens'] })],
        }),
        connectedPeers: {
          'order-service': {
            url: a.url,
            routes: [expect.objectContaining({ path: '/pens/:id', functions: ['getPen', 'getPens'] })],
            status: 'UP',
            instances: [expect.objectContaining({ url: a.url, status: 'UP' })],
          },
        },
      },
    ]);
    await a.micro.close();
    await until(
      'order-service to be gone',
      async () => JSON.parse((await rawRequest(`${b.url}/_discovery/services`, { headers: bearer() })).body).connectedPeers,
      (peers) => Object.keys(peers).length === 0,
    );
  });

  it('a peer that died is DOWN there, with its routes', async () => {
    const a = await startService('order-service', pens);
    const b = await startService('user-service', pens, { peers: [a.url] });
    await b.micro.ready();
    a.server.closeAllConnections();
    // As if the process were gone: nobody listens, and nobody says good-bye.
    a.server.removeAllListeners('close');
    a.server.close();
    const seen = await until(
      'DOWN',
      async () =>
        JSON.parse((await rawRequest(`${b.url}/_discovery/services`, { headers: bearer() })).body).connectedPeers[
          'order-service'
        ],
      (peer) => peer?.status === 'DOWN',
    );
    expect(seen.routes).toHaveLength(1);
    await expect(b.micro.services.orderService.getPen({ id: 1 })).rejects.toThrow(/^Service Unavailable: order-service/);
  });

  it('POST /_discovery/ping with {} answers OK; register answers what is known', async () => {
    const { url } = await startService('a', pens);
    const post = (path: string, body: string) =>
      rawRequest(`${url}/_discovery${path}`, {
        method: 'POST',
        headers: { ...bearer(), 'content-type': 'application/json' },
        body,
      });
    expect(await post('/ping', '{}')).toMatchObject({ status: 200, body: '{"status":"OK"}' });
    expect(JSON.parse((await post('/register', '{}')).body)).toMatchObject({
      status: 'OK',
      from: { service: 'a', url, status: 'ALIVE' },
      members: [],
    });
  });

  it('bad input gets an answer that says what was wrong', async () => {
    const { url } = await startService('a', pens);
    const post = (body: string) => rawRequest(`${url}/_discovery/register`, { method: 'POST', headers: bearer(), body });
    const cases: [string, RegExp][] = [
      ['{', /not valid JSON/],
      ['[]', /JSON object/],
      ['{"from":{"id":"x"}}', /"from" must be a member/],
      ['{"members":{}}', /"members" must be a list/],
      ['{"probe":"me"}', /"probe"/],
      [`${'['.repeat(40)}${']'.repeat(40)}`, /deep|object/],
      ['{"a":{"__proto__":{"x":1}}}', /__proto__/],
    ];
    for (const [body, detail] of cases) {
      const answer = await post(body);
      expect([body, answer.status]).toEqual([body, 400]);
      expect(JSON.parse(answer.body).detail).toMatch(detail);
    }
    expect((await post(`"${'x'.repeat(70_000)}"`)).status).toBe(413);
    expect((await rawRequest(`${url}/_discovery/ping`, { headers: bearer() })).status).toBe(405);
    expect((await rawRequest(`${url}/_discovery/else`, { headers: bearer() })).status).toBe(404);
    expect((await rawRequest(`${url}/_discoveryx`)).status).toBe(404);
  });

  it('stands before the app: a guard, a catch-all or a body parser of the app does not matter', async () => {
    const a = await startService('guarded', (app) => {
      app.use((_req, res) => void res.status(403).send('members only'));
    });
    const b = await startService('b', pens, { peers: [a.url] });
    await b.micro.ready();
    expect(b.micro.instances().map(({ service, status }) => [service, status])).toEqual([['guarded', 'UP']]);
  });
});

describe('who never becomes a member', () => {
  it('is told of once in the log, with the likely reason', async () => {
    const answering = async (status: number) => {
      let asked = 0;
      const server = http.createServer((req, res) => {
        asked += 1;
        req.resume().on('end', () => res.writeHead(status).end());
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { server, asked: () => asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    };
    const all = await Promise.all([401, 403, 404].map(answering));
    const { warnings } = await startService('a', pens, { peers: all.map(({ url }) => url), pingInterval: 300 });
    await until(
      'three warnings',
      () => warnings,
      (seen) => seen.length >= 3,
    );
    const before = all.map(({ asked }) => asked());
    await until(
      'each to be asked twice more',
      () => all.map(({ asked }, index) => asked() - (before[index] ?? 0)),
      (more) => more.every((count) => count >= 2),
    );
    expect(warnings).toHaveLength(3);
    expect(warnings.join('\n')).toMatch(/401\. Has it the same EXPRESS_DISCOVERY_KEY/);
    expect(warnings.join('\n')).toMatch(/403\. Does its ipWhitelist have us/);
    expect(warnings.join('\n')).toMatch(/404 and no proof/);
    for (const { server } of all) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('a listener that proves nothing gets no secret, and is never called', async () => {
    const seen: string[] = [];
    const stranger = http.createServer((req, res) => {
      seen.push(JSON.stringify(req.headers) + req.url);
      req.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
      req.on('end', () =>
        res.end('{"status":"OK","from":{"service":"order-service"},"thisService":{"name":"order-service","routes":[]}}'),
      );
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    const a = await startService('a', pens, { peers: [`http://127.0.0.1:${port}`] });
    await expect(a.micro.ready({ timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'MESH_NOT_READY' });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.join('\n')).not.toContain(process.env.EXPRESS_DISCOVERY_KEY);
    expect(seen.join('\n')).not.toMatch(/bearer|express-micro-caller/i);
    expect(a.micro.instances()).toEqual([]);
    stranger.closeAllConnections();
    stranger.close();
  });

  it("a name claimed for somebody else's address is not believed: nobody takes over a service", async () => {
    let hits = 0;
    const thief = http.createServer((_req, res) => {
      hits += 1;
      res.end('{}');
    });
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
    const { port } = thief.address() as AddressInfo;
    const real = await startService('order-service', pens);
    const a = await startService('a', pens, { peers: [real.url] });
    await a.micro.ready();
    const from = {
      id: 'a'.repeat(32),
      service: 'order-service',
      url: `http://127.0.0.1:${port}`,
      incarnation: 9,
      status: 'ALIVE',
      routesHash: 'h',
    };
    await rawRequest(`${a.url}/_discovery/register`, { method: 'POST', headers: bearer(), body: JSON.stringify({ from }) });
    await until(
      'the claim to be looked at',
      () => hits,
      (seen) => seen > 0,
    );
    for (let i = 0; i < 20; i++) expect(await a.micro.services.orderService.getPen({ id: i })).toEqual({ pen: String(i) });
    expect(a.micro.instances('order-service').map((one) => one.url)).toEqual([real.url]);
    thief.closeAllConnections();
    thief.close();
  });
});
