import http from 'node:http';
import { currentContext } from '@express-micro/core';
import express5 from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { type App, bearer, expresses, onExpress, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

const DEADLINE = 'express-micro-deadline';
const NOT_EXECUTED = 'express-micro-not-executed';

/** Sends a request and hangs up when told. */
function hangUp(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): () => void {
  const request = http.request(url, { agent: false, method: options.method ?? 'GET', headers: options.headers ?? {} });
  request.on('error', () => {});
  if (options.method === undefined) request.end();
  else request.write(options.body ?? '');
  return () => request.destroy();
}

describe.each(expresses)('the lifetime of a request on %s', (_name, express) => {
  const start = (declare: Parameters<typeof startService>[1], options: Parameters<typeof startService>[2] = {}) =>
    startService('served', declare, { express, ...options });

  it('a request whose time was up when it came is answered 504 and never runs', async () => {
    let ran = 0;
    const { url, micro } = await start((app) => {
      app.use((_req, res) => {
        ran += 1;
        res.json('ran');
      });
    });
    const late = await rawRequest(`${url}/pens`, { headers: { [DEADLINE]: '0' } });
    expect([late.status, late.body, late.headers[NOT_EXECUTED]]).toEqual([504, '{"error":"Gateway Timeout"}', '1']);
    expect(ran).toBe(0);
    expect(micro.counters()).toMatchObject({ expired: 1, served: 0 });
    for (const none of ['', 'soon', '-1', '1.5', '99999999999', '1, 2'])
      expect((await rawRequest(`${url}/pens`, { headers: { [DEADLINE]: none } })).body).toBe('"ran"');
    expect(micro.counters()).toMatchObject({ expired: 1, served: 6 });
  });

  it('a request that waited in the backlog of the event loop for longer than it had is answered 504 and never runs', async () => {
    const ran: string[] = [];
    const { url } = await start((app) => {
      app.get('/busy', (_req, res) => {
        // Both lie ready when this begins.
        const endsAtMs = performance.now() + 300;
        while (performance.now() < endsAtMs);
        res.json('busy');
      });
      app.get('/quick', (_req, res) => {
        ran.push('quick');
        res.json('quick');
      });
    });
    const agent = new http.Agent({ keepAlive: true });
    const get = (path: string, headers = {}) =>
      new Promise<number>((resolve, reject) => {
        http
          .get(`${url}${path}`, { agent, headers }, (res) => {
            res.resume().once('end', () => resolve(res.statusCode ?? 0));
          })
          .once('error', reject);
      });
    await Promise.all([get('/quick'), get('/quick')]);
    ran.length = 0;
    expect(await Promise.all([get('/busy'), get('/quick', { [DEADLINE]: '100' })])).toEqual([200, 504]);
    expect(ran).toEqual([]);
    agent.destroy();
  });

  it('req.deadline tells when the time is up, req.signal that it is, and the context the same', async () => {
    let seen: { deadline: unknown; left?: number | undefined; inMs?: number; why?: string; context?: boolean } | undefined;
    const { url, micro } = await start((app) => {
      app.get('/slow', (req, res) => {
        const lifetime = currentContext()?.lifetime;
        seen = {
          deadline: req.deadline instanceof Date,
          left: req.deadline?.remainingMs,
          inMs: (req.deadline?.getTime() ?? 0) - Date.now(),
        };
        req.signal.addEventListener('abort', () => {
          Object.assign(seen as object, { why: req.signal.reason.code, context: lifetime?.reason === req.signal.reason });
          res.status(504).end();
        });
      });
      app.get('/free', (req, res) => void res.json([String(req.deadline), req.signal.aborted]));
    });
    // Whoever holds `services` wants contexts to be kept.
    expect(micro.services).toBeDefined();
    expect((await rawRequest(`${url}/slow`, { headers: { [DEADLINE]: '150' } })).status).toBe(504);
    expect(seen).toMatchObject({ deadline: true, why: 'MESH_DEADLINE_EXCEEDED', context: true });
    for (const left of [seen?.left, seen?.inMs]) {
      expect(left).toBeGreaterThan(50);
      expect(left).toBeLessThanOrEqual(151);
    }
    expect((await rawRequest(`${url}/free`)).body).toBe('["undefined",false]');
  });

  // With an app mounted in the app; packages/fastify/test has it of Fastify.
  onExpress(
    'req.signal is aborted when the caller goes away, while it waits and while its body streams, and not when it was answered',
    async () => {
      const reasons: string[] = [];
      let answered: AbortSignal | undefined;
      let under = 0;
      const watch = (req: { signal: AbortSignal; path: string }) => {
        under += 1;
        req.signal.addEventListener('abort', () =>
          reasons.push(`${req.path}: ${req.signal.reason.code} ${req.signal.reason.message}`),
        );
      };
      const { url } = await start((app) => {
        app.get('/waits', (req) => watch(req));
        app.post('/takes', (req) => {
          watch(req);
          req.resume();
        });
        app.get('/gives', (req, res) => {
          watch(req);
          res.write('a beginning');
        });
        const inner = express();
        inner.get('/deep', (req) => watch(req));
        app.use('/mounted', inner);
        app.get('/answered', (req, res) => {
          answered = req.signal;
          res.json('well');
        });
      });
      const hangUps = [
        hangUp(`${url}/waits?secret=1`),
        hangUp(`${url}/takes`, { method: 'POST', headers: { 'content-length': '100' }, body: 'begun' }),
        hangUp(`${url}/gives`),
        hangUp(`${url}/mounted/deep`),
      ];
      await until(
        'all four',
        () => under,
        (count) => count === 4,
      );
      expect(reasons).toEqual([]);
      for (const end of hangUps) end();
      await until(
        'all four to end',
        () => reasons.length,
        (count) => count === 4,
      );
      expect(reasons.sort()[3]).toBe('/waits: MESH_CANCELLED Cancelled: GET /waits, because its caller went away.');
      expect(reasons.every((reason) => reason.includes('MESH_CANCELLED'))).toBe(true);
      await rawRequest(`${url}/answered`);
      expect(answered?.aborted).toBe(false);
    },
  );

  onExpress('leaves alone what the app or its middleware has put on requests', async () => {
    const app: App = express();
    Object.defineProperty(app.request, 'deadline', { value: 'ours', configurable: true });
    const { default: expressMicro } = await import('../src/index.ts');
    const micro = expressMicro(app, { serviceName: 'own', log: false });
    app.use((req, _res, next) => {
      (req as { signal: unknown }).signal = 'mine';
      next();
    });
    app.get('/', (req, res) => void res.json([req.signal, req.deadline]));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as import('node:net').AddressInfo;
    expect((await rawRequest(`http://127.0.0.1:${port}/`)).body).toBe('["mine","ours"]');
    await micro.close();
  });

  // A Fastify app that was closed serves nobody again.
  onExpress('after close() handlers that read them still work', async () => {
    const { app, micro } = await start(
      (given) => void given.get('/', (req, res) => void res.json([req.signal.aborted, req.deadline ?? null])),
    );
    await micro.close();
    const server = http.createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as import('node:net').AddressInfo;
    expect((await rawRequest(`http://127.0.0.1:${port}/`)).body).toBe('[false,null]');
    server.close();
  });
});

it('discovery is answered whatever time it is given', async () => {
  const { url } = await startService('served', () => {}, { express: express5 });
  expect((await rawRequest(`${url}/_discovery/services`, { headers: { ...bearer(), [DEADLINE]: '0' } })).status).toBe(200);
});
