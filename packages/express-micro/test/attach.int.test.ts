import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import expressMicro, { type Micro } from '../src/index.ts';
import { bearer, expresses, PING_INTERVAL_MS, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

const base = { pingInterval: PING_INTERVAL_MS, log: false } as const;

async function listen(server: http.Server | https.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function ownUrl(micro: Micro, port: number): Promise<string> {
  await micro.ready();
  const { body } = await rawRequest(`http://127.0.0.1:${port}/_discovery/services`, { headers: bearer() });
  return JSON.parse(body).thisService.url;
}

describe.each(expresses)('E1, E2: one line on %s', (_name, expressOf) => {
  const micros: Micro[] = [];
  const keep = (micro: Micro): Micro => {
    micros.push(micro);
    return micro;
  };
  afterEach(async () => {
    await Promise.all(micros.splice(0).map((micro) => micro.close()));
    await stopAll();
  });

  it('works before the routes and before listen', async () => {
    const { micro } = await startService('a', (app) => void app.get('/pens', (_req, res) => void res.json([])), {
      express: expressOf,
    });
    expect(micro.routes().flatMap((route) => route.functions)).toEqual(expect.arrayContaining(['getPens', 'listPens']));
  });

  it('works after the routes, after a body parser and after listen', async () => {
    const app = expressOf();
    app.use(expressOf.json());
    app.get('/pens', (_req, res) => void res.json([]));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const micro = keep(expressMicro(app, { ...base, serviceName: 'late' }));
    const { port } = server.address() as AddressInfo;
    expect(await ownUrl(micro, port)).toBe(`http://127.0.0.1:${port}`);
    expect(micro.routes().map((route) => route.paths[0])).toEqual(['/pens']);
  });

  it('works with http.createServer(app)', async () => {
    const app = expressOf();
    const micro = keep(expressMicro(app, { ...base, serviceName: 'created' }));
    const port = await listen(http.createServer(app));
    expect(await ownUrl(micro, port)).toBe(`http://127.0.0.1:${port}`);
  });

  it('works with a server that hides the app: by attach, or by the first request', async () => {
    const app = expressOf();
    const micro = keep(expressMicro(app, { ...base, serviceName: 'attached' }));
    const server = http.createServer((req, res) => app(req, res));
    micro.attach(server);
    const port = await listen(server);
    expect(await ownUrl(micro, port)).toBe(`http://127.0.0.1:${port}`);

    const second = expressOf();
    const hidden = keep(expressMicro(second, { ...base, serviceName: 'hidden' }));
    const hiddenPort = await listen(http.createServer((req, res) => second(req, res)));
    await rawRequest(`http://127.0.0.1:${hiddenPort}/`);
    expect(await ownUrl(hidden, hiddenPort)).toBe(`http://127.0.0.1:${hiddenPort}`);
  });

  it('leaves the settings of the app alone, made before or after', async () => {
    const app = expressOf();
    const micro = keep(expressMicro(app, { ...base, serviceName: 'settings' }));
    micro.routes();
    app.enable('strict routing');
    app.enable('case sensitive routing');
    app.set('query parser', (text: string) => ({ own: text }));
    app.get('/Strict', (req, res) => void res.json(req.query));
    const port = await listen(http.createServer(app));
    await micro.ready();
    const status = async (target: string) => (await rawRequest(`http://127.0.0.1:${port}${target}`)).status;
    expect([await status('/Strict'), await status('/strict'), await status('/Strict/')]).toEqual([200, 404, 404]);
    expect((await rawRequest(`http://127.0.0.1:${port}/Strict?a`)).body).toBe('{"own":"a"}');
  });

  it('says so when it is called twice, or with something else', () => {
    const app = expressOf();
    keep(expressMicro(app, base));
    expect(() => expressMicro(app, base)).toThrow(/twice/);
    expect(() => expressMicro({} as never)).toThrow(/Express app/);
    expect(() => expressMicro((() => {}) as never)).toThrow(/Express app/);
    expect(() => expressMicro(expressOf.Router() as never)).toThrow(/Express app/);
    const micro = keep(expressMicro(expressOf(), base));
    expect(() => micro.attach(5 as never)).toThrow(/attach\(\) takes a server/);
    expect(() => Reflect.apply(micro.internal, undefined, [{}, {}, () => {}])).toThrow(/micro\.internal\(\), handler/);
  });
});

describe('E2: options', () => {
  afterEach(async () => {
    vi.unstubAllEnvs();
    await stopAll();
  });

  const mistakes: [string, Record<string, unknown>, RegExp][] = [
    ['an unknown option', { servicename: 'a' }, /Unknown option "servicename".*serviceName/],
    ['a port that is no number', { port: 'http' }, /"port".*"http".*1 to 65535/],
    ['a port out of range', { port: 70_000 }, /"port".*70000/],
    ['a peer that is no URL', { peers: ['localhost:3000'] }, /"peers".*localhost:3000.*URLs/],
    ['a peer with a path', { peers: ['http://localhost:3000/api'] }, /"peers"/],
    ['a peer with a password', { peers: ['http://u:p@localhost:3000'] }, /"peers"/],
    ['peers that are no list', { peers: 'http://localhost:3000' }, /"peers".*list/],
    ['a bad CIDR', { ipWhitelist: ['10.0.0.0/33'] }, /"ipWhitelist".*10\.0\.0\.0\/33.*CIDR/],
    ['a bad proxy', { trustedProxies: ['proxy.local'] }, /"trustedProxies".*proxy\.local/],
    ['a bad interval', { pingInterval: '5s' }, /"pingInterval".*"5s".*milliseconds/],
    ['an interval below what works', { pingInterval: 5 }, /"pingInterval".*100/],
    ['a bad name', { serviceName: 'order service' }, /"serviceName".*"order service"/],
    ['a reserved name', { serviceName: 'then' }, /"serviceName"/],
    ['a word for a boolean', { enableHmac: 'yes' }, /"enableHmac".*true or false/],
    ['no function', { onServiceUp: true }, /"onServiceUp".*function/],
    ['a host that is a place to listen and no address', { host: '0.0.0.0' }, /"host".*0\.0\.0\.0.*reach/],
    ['a host with protocol', { host: 'http://a' }, /"host"/],
    ['options that are no object', 'x' as never, /options as an object/],
  ];
  it.each(mistakes)('%s is an error at start that names it, what it got and what it takes', (_what, options, message) => {
    expect(() => expressMicro(express(), options as never)).toThrow(message);
    expect(() => expressMicro(express(), options as never)).toThrow(expect.objectContaining({ code: 'MESH_OPTION_INVALID' }));
  });

  it('numeric strings serve as numbers, undefined is absent, the object given is not changed', async () => {
    const options = Object.freeze({ serviceName: 'strings', pingInterval: '1000', timeoutMs: '50', host: undefined });
    const { micro, url } = await startService('x', (app) => void app.get('/slow', () => {}), options as never);
    await micro.ready();
    expect(JSON.parse((await rawRequest(`${url}/_discovery/services`, { headers: bearer() })).body).thisService.name).toBe(
      'strings',
    );
    await expect(micro.services.strings.getSlow()).rejects.toThrow(/50 ms/);
  });

  it('the name comes from npm, else it is unnamed-service', async () => {
    vi.stubEnv('npm_package_name', '@shop/orders');
    const named = await startService(undefined as never);
    vi.stubEnv('npm_package_name', undefined);
    const unnamed = await startService(undefined as never);
    const nameOf = async (url: string) =>
      JSON.parse((await rawRequest(`${url}/_discovery/services`, { headers: bearer() })).body).thisService.name;
    expect([await nameOf(named.url), await nameOf(unnamed.url)]).toEqual(['@shop/orders', 'unnamed-service']);
  });

  it('peers come from EXPRESS_MICRO_PEERS where none are given, and a bad one is named', async () => {
    const a = await startService('a');
    vi.stubEnv('EXPRESS_MICRO_PEERS', ` ${a.url} , http://127.0.0.1:9`);
    const b = await startService('b');
    await b.micro.ready({ services: ['a'] });
    vi.stubEnv('EXPRESS_MICRO_PEERS', 'not-a-url');
    expect(() => expressMicro(express(), base)).toThrow(/not-a-url.*EXPRESS_MICRO_PEERS/);
  });

  it('the port given is the port told; app.get("port") serves where no server is found', async () => {
    const told = await startService('told', () => {}, { host: 'orders.internal' });
    await told.micro.ready();
    const { port } = told.server.address() as AddressInfo;
    const seen = async (url: string) =>
      JSON.parse((await rawRequest(`${url}/_discovery/services`, { headers: bearer() })).body).thisService.url;
    expect(await seen(told.url)).toBe(`http://orders.internal:${port}`);

    const app = express();
    app.set('port', '4321');
    const micro = expressMicro(app, { ...base, serviceName: 'by-setting', host: '127.0.0.1' });
    await micro.ready();
    await micro.close();
  });

  it('the default host is the first external IPv4 address, else loopback', async () => {
    const app = express();
    const micro = expressMicro(app, { ...base, serviceName: 'default-host', port: 65_000 });
    const server = http.createServer((req, res) => app(req, res));
    const port = await listen(server);
    await micro.ready();
    const { body } = await rawRequest(`http://127.0.0.1:${port}/_discovery/services`, { headers: bearer() });
    const external = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal);
    expect(JSON.parse(body).thisService.url).toBe(`http://${external?.address ?? '127.0.0.1'}:65000`);
    await micro.close();
    server.close();
  });

  it('a port that nobody knows is a warning after five seconds, and ready() says how to give it', async () => {
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (message: string) => void warnings.push(message), error: () => {} };
    const micro = expressMicro(express(), { serviceName: 'nowhere', log });
    const ready = micro.ready();
    await expect(ready).rejects.toMatchObject({ code: 'MESH_PORT_UNKNOWN', message: expect.stringMatching(/"port".*attach/) });
    await until(
      'the warning',
      () => warnings,
      (seen) => seen.some((one) => /"port".*attach/.test(one)),
    );
    await micro.close();
  });

  it('ready() says who is missing', async () => {
    const { micro } = await startService('waiting', () => {}, { peers: ['http://127.0.0.1:9'] });
    await expect(micro.ready({ timeoutMs: 300 })).rejects.toMatchObject({
      code: 'MESH_NOT_READY',
      message: expect.stringContaining('127.0.0.1:9'),
    });
    await expect(micro.ready({ timeoutMs: 300, services: ['orders'] })).rejects.toThrow(/"orders"/);
  });

  it('an HTTPS server is known as one', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-tls-'));
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=127.0.0.1',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    const app = express();
    const micro = expressMicro(app, { ...base, serviceName: 'tls' });
    const port = await listen(https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, app));
    await micro.ready();
    const url = await new Promise<string>((resolve, reject) => {
      const request = https.get(
        { port, host: '127.0.0.1', path: '/_discovery/services', headers: bearer(), rejectUnauthorized: false, agent: false },
        (res) => {
          let text = '';
          res.setEncoding('utf8').on('data', (part) => (text += part));
          res.on('end', () => resolve(JSON.parse(text).thisService.url));
        },
      );
      request.once('error', reject);
    });
    expect(url).toBe(`https://127.0.0.1:${port}`);
    await micro.close();
    rmSync(folder, { recursive: true });
  });
});
