import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import expressMicro, { type MeshError } from '../src/index.ts';
import { bearer, expresses, onExpress, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

/** What would have ended the process outside of a test. */
const crashes: unknown[] = [];
const note = (error: unknown) => void crashes.push(error);
beforeEach(() => {
  crashes.length = 0;
  process.on('uncaughtException', note).on('unhandledRejection', note);
});
afterEach(async () => {
  await stopAll();
  process.off('uncaughtException', note).off('unhandledRejection', note);
  expect(crashes).toEqual([]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(expresses)('what an app does wrong on %s', (_name, expressOf) => {
  it('an error after the headers ends that response and nothing else', async () => {
    const { url } = await startService(
      'late',
      (app) => {
        app.get('/late', (_req, res, next) => {
          res.write('x');
          setImmediate(() => next(new Error('too late')));
        });
        app.get('/fine', (_req, res) => void res.json(1));
      },
      { express: expressOf },
    );
    await expect(rawRequest(`${url}/late`)).rejects.toThrow(/hang up|ECONNRESET|aborted/);
    expect((await rawRequest(`${url}/fine`)).body).toBe('1');
  });

  it('a header that the app took off stays off in the answers of the final handler', async () => {
    const { url } = await startService(
      'bare',
      (app) =>
        void app.use((_req, res, next) => {
          res.removeHeader('x-powered-by');
          next();
        }),
      { express: expressOf },
    );
    expect((await rawRequest(`${url}/nowhere`)).headers['x-powered-by']).toBeUndefined();
  });
});

describe('what a user does wrong', () => {
  it('a listener that throws is logged, and nothing else happens', async () => {
    const a = await startService('a');
    const heard: string[] = [];
    const b = await startService('b', () => {}, {
      peers: [a.url],
      onServiceUp: () => {
        throw new Error('mine');
      },
    });
    b.micro.on('up', async () => {
      throw new Error('mine too');
    });
    b.micro.on('up', (name) => heard.push(name));
    await b.micro.ready();
    await until(
      'the log',
      () => b.warnings,
      (seen) => seen.filter((one) => /a listener of "up" failed: mine/.test(one)).length === 2,
    );
    expect(heard).toEqual(['a']);
    expect(() => b.micro.on('upp' as 'up', () => {})).toThrow(/up, down, change/);
  });

  it('ready() with nonsense, or with a name that two services share, is a rejection and no more', async () => {
    const a = await startService('pen-shop');
    const b = await startService('pen_shop', () => {}, { peers: [a.url] });
    const c = await startService('c', () => {}, { peers: [b.url] });
    await until(
      'both',
      () => c.micro.instances(),
      (seen) => seen.length === 2,
    );
    await expect(c.micro.ready({ services: ['penShop'] })).rejects.toMatchObject({ code: 'MESH_SERVICE_AMBIGUOUS' });
    await expect(c.micro.ready({ services: 'pen-shop' } as never)).rejects.toMatchObject({ code: 'MESH_OPTION_INVALID' });
    await expect(c.micro.ready({ service: ['x'] } as never)).rejects.toThrow(/Unknown option "service" of ready/);
    await expect(c.micro.ready({ timeoutMs: Number.NaN })).rejects.toMatchObject({ code: 'MESH_OPTION_INVALID' });
    await Promise.all(Array.from({ length: 20 }, () => c.micro.ready()));
    await new Promise((resolve) => setTimeout(resolve, 120));
  });

  it('calls with nonsense for their options reject, and do not throw', async () => {
    const { micro } = await startService('a', (app) => void app.get('/pens', (_req, res) => void res.json([])));
    await micro.ready();
    const { getPens } = micro.services.a;
    for (const call of [() => getPens({}, null), () => getPens.request(null), () => getPens.stream(5), () => getPens({}, 'x')]) {
      await expect(call()).rejects.toMatchObject({ code: 'MESH_ARGUMENT_INVALID' });
    }
  });

  it('a name with line breaks cannot forge a line of the log', async () => {
    const { micro, url, warnings } = await startService('gateway', (app, own) => {
      app.get('/:service', async (req) => void (await own.services[req.params.service].getPens()));
    });
    await micro.ready();
    expect((await rawRequest(`${url}/x%0A[express-micro]%20error:%20forged`)).status).toBe(503);
    expect(warnings.join('')).toContain('forged');
    expect(warnings.filter((line) => /[\n\r]/.test(line))).toEqual([]);
  });

  it('a programming error in a call is not blamed on the client', async () => {
    const { micro, url } = await startService('self', (app, own) => {
      app.get('/pens/:id', (req, res) => void res.json(req.params.id));
      app.get('/wrong', async () => void (await own.services.self.getPen({})));
      app.get('/none', async () => void (await own.services.self.getNothing()));
    });
    await micro.ready();
    expect([(await rawRequest(`${url}/wrong`)).status, (await rawRequest(`${url}/none`)).status]).toEqual([500, 500]);
  });
});

describe('ordinary set-ups', () => {
  it('a list of peers that names ourselves by another name is settled', async () => {
    const probe = net.createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const { micro } = await startService('a', () => {}, { port, peers: [`http://localhost:${port}`] });
    await micro.ready({ timeoutMs: 3_000 });
    expect(micro.instances()).toEqual([]);
  });

  it('a host in another spelling is one and the same: nobody refutes for ever, and signed calls to oneself work', async () => {
    const a = await startService('a', (app) => void app.get('/pens', (_req, res) => void res.json([])), {
      host: 'LocalHost',
      enableHmac: true,
    });
    const b = await startService('b', () => {}, { peers: [a.url], enableHmac: true });
    await b.micro.ready();
    await until(
      'b at a',
      () => a.micro.instances('b'),
      (seen) => seen.length === 1,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(b.micro.instances('a')[0]?.incarnation).toBeLessThanOrEqual(2);
    expect(await a.micro.services.a.getPens()).toEqual([]);
  });

  it('one member that hangs does not keep newcomers from being ready', async () => {
    const hanging = net.createServer(() => {});
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const a = await startService('a');
    const from = { id: 'b'.repeat(32), service: 'hung', url, incarnation: 1, status: 'ALIVE', routesHash: 'h', isSigning: false };
    await rawRequest(`${a.url}/_discovery/register`, { method: 'POST', headers: bearer(), body: JSON.stringify({ from }) });
    const b = await startService('b', () => {}, { peers: [a.url] });
    await b.micro.ready({ timeoutMs: 2_000 });
    hanging.close();
  });

  // Fastify takes no routes once it listens, and no app within an app.
  onExpress('functions declared a moment ago are found by calls at once, many at a time, and right after ready()', async () => {
    const a = await startService('a');
    const b = await startService('b', () => {}, { peers: [a.url] });
    await b.micro.ready();
    a.app.get('/first', (_req, res) => void res.json('first'));
    expect(await Promise.all([1, 2, 3].map(() => b.micro.services.a.getFirst()))).toEqual(['first', 'first', 'first']);
    const lost = b.micro.services.a.getSecond().catch((error: MeshError) => error.code);
    await turn();
    a.app.get('/second', (_req, res) => void res.json('second'));
    expect(['second', 'MESH_FUNCTION_NOT_FOUND']).toContain(await lost);
    expect(await b.micro.services.a.getSecond()).toBe('second');
  });

  it('lastSeenMs moves while a peer is well', async () => {
    const a = await startService('a');
    const b = await startService('b', () => {}, { peers: [a.url] });
    await b.micro.ready();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(b.micro.instances('a')[0]?.lastSeenMs).toBeLessThan(1_000);
  });

  it('headers that the caller gives himself arrive once, and his request id is the id of the call', async () => {
    const a = await startService('a', (app) => {
      app.get('/headers', (req, res) => void res.json([req.headers['x-request-id'], req.headers.traceparent]));
      app.get('/broken', (_req, res) => void res.status(500).end());
    });
    await a.micro.ready();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await a.micro.services.a.getHeaders({}, { headers: { 'X-Request-Id': 'mine-1', traceparent } })).toEqual([
      'mine-1',
      traceparent,
    ]);
    await expect(a.micro.services.a.getBroken({}, { headers: { 'x-request-id': 'mine-2' } })).rejects.toMatchObject({
      requestId: 'mine-2',
    });
  });

  onExpress('an app with the plugin inside another one with the plugin is called like any other', async () => {
    const inner = express();
    const innerMicro = expressMicro(inner, { serviceName: 'inner', log: false });
    inner.get('/pens', innerMicro.internal(), (_req, res) => void res.json('inner'));
    const outer = await startService('outer', (app) => void app.use('/in', express.json(), inner));
    const caller = await startService('caller', () => {}, { peers: [outer.url] });
    await caller.micro.ready();
    expect(await caller.micro.services.outer.getInPens()).toBe('inner');
    const answer = await rawRequest(`${outer.url}/in/_discovery/ping`, {
      method: 'POST',
      headers: { ...bearer(), 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(503);
    await innerMicro.close();
  });
});

describe('streams', () => {
  async function pair() {
    const a = await startService('a', (app) => {
      app.get('/endless', (_req, res) => void res.write('x'));
      app.get('/stalled', (_req, res) => void res.status(500).write('{'));
      app.get('/failed', (_req, res) => void res.status(418).json({ short: true }));
      app.get('/cut', (req, res) => {
        res.write('x');
        setTimeout(() => req.socket.destroy(), 30);
      });
      app.get('/early', (_req, res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => res.json({ late: true }));
      });
      app.post('/upload', (req, res) => void req.resume().on('end', () => res.json('got it')));
    });
    const b = await startService('b', () => {}, { peers: [a.url] });
    await b.micro.ready();
    return { a, services: b.micro.services.a };
  }

  it('an error answer is an error with its data, and one that stalls ends at the deadline', async () => {
    const { services } = await pair();
    await expect(services.getFailed.stream()).rejects.toMatchObject({ status: 418, data: { short: true } });
    await expect(services.getStalled.stream({ timeoutMs: 150 })).rejects.toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
  });

  it('words on the way (103) are not the answer', async () => {
    const { services } = await pair();
    expect(await services.getEarly()).toEqual({ late: true });
    const { status, body } = await services.getEarly.stream();
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect([status, Buffer.concat(chunks).toString()]).toEqual([200, '{"late":true}']);
  });

  it('a body that is cut off fails with the error of a call, also when nobody listens yet', async () => {
    const { services } = await pair();
    const { body } = await services.getCut.stream();
    await new Promise((resolve) => body.once('close', resolve));
    expect(body.errored).toMatchObject({ code: 'MESH_CONNECTION_LOST', status: 503, service: 'a', function: 'getCut' });
  });

  it('the signal of a call counts while its body comes', async () => {
    const { services } = await pair();
    const abort = new AbortController();
    const { body } = await services.getEndless.stream({ signal: abort.signal });
    setTimeout(() => abort.abort(), 30);
    await expect(async () => {
      for await (const _chunk of body);
    }).rejects.toMatchObject({ code: 'MESH_CANCELLED' });
  });

  it("an upload goes up as a stream; one that fails is the caller's, and one that is over is refused", async () => {
    const { services } = await pair();
    expect((await services.createUpload.request({ body: Readable.from([Buffer.from('a'), Buffer.from('b')]) })).data).toBe(
      'got it',
    );
    const failing = new Readable({
      read() {
        this.destroy(new Error('the disk is gone'));
      },
    });
    await expect(services.createUpload.request({ body: failing })).rejects.toMatchObject({
      code: 'MESH_ARGUMENT_INVALID',
      message: expect.stringContaining('the disk is gone'),
    });
    const over = Readable.from([]);
    for await (const _chunk of over);
    await expect(services.createUpload.request({ body: over })).rejects.toMatchObject({ code: 'MESH_ARGUMENT_INVALID' });
    const unused = Readable.from(['x']);
    await expect(services.createNothing.request({ body: unused })).rejects.toMatchObject({ code: 'MESH_FUNCTION_NOT_FOUND' });
    expect(unused.destroyed).toBe(true);
  });
});

describe('a process restarted at the same address', () => {
  it('does not answer for the one that was meant: the call counts as refused, and goes elsewhere where it can', async () => {
    const server = http.createServer((_req, res) => res.writeHead(401, { 'express-micro-not-executed': '1' }).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const a = await startService('a', (app) => void app.get('/pens', (_req, res) => void res.json([1])));
    const b = await startService('b', () => {}, { peers: [a.url] });
    await b.micro.ready();
    a.server.removeAllListeners('request');
    a.server.on('request', server.listeners('request')[0] as http.RequestListener);
    await expect(b.micro.services.a.getPens()).rejects.toMatchObject({
      code: 'MESH_SERVICE_UNAVAILABLE',
      details: { mayHaveExecuted: false },
    });
    server.close();
  });
});
