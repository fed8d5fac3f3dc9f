import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ObservabilityOptions, observability } from '@express-micro/observability';
import express5 from 'express';
import expressMicro, { type Micro } from 'express-micro';
import { afterEach, describe, expect, it } from 'vitest';
import { type App, ask, expresses, series } from './apps.test-support.ts';

process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

/** One app with both, in either order. */
async function start(
  serviceName: string,
  declare: (app: App, micro: Micro) => void,
  options: {
    express?: typeof express5;
    order?: 'mesh first' | 'mesh last';
    peers?: string[];
    transport?: 'http';
  } & ObservabilityOptions = {},
) {
  const { express = express5, order = 'mesh first', peers = [], transport, ...rest } = options;
  const app = express();
  const join = () => expressMicro(app, { serviceName, peers, pingInterval: 1_000, log: false, ...(transport && { transport }) });
  const observe = () => observability(app, { logger: silent, accessLog: false, shutdown: false, ...rest });
  let micro: Micro;
  let observed: ReturnType<typeof observe>;
  if (order === 'mesh first') {
    micro = join();
    observed = observe();
  } else {
    observed = observe();
    micro = join();
  }
  declare(app, micro);
  const server = await new Promise<http.Server>((resolve) => {
    const started: http.Server = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  running.push(async () => {
    await Promise.all([micro.close(), observed.close()]);
  });
  return { ...observed, micro, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const silent = { info() {}, warn() {}, error() {} };

const routesOf = (page: string) =>
  [...new Set(series(page, 'http_request_duration_seconds_count').map((line) => /route="([^"]+)"/.exec(line)?.[1]))].toSorted();
const value = (page: string, name: string) => Number(series(page, name)[0]?.split(' ').at(-1));

describe.each(expresses)('the mesh in metrics on %s', (_name, express) => {
  it.each(['mesh first', 'mesh last'] as const)('is there without a line more, %s', async (order) => {
    const orders = await start(
      'orders',
      (app) => {
        app.get(
          '/orders/:id',
          (req, res) => void (req.params.id === '0' ? res.status(404).json('none') : res.json({ id: req.params.id })),
        );
      },
      { express, order },
    );
    const shop = await start(
      'shop',
      (app, { services }) => {
        const { orders: remote } = services as unknown as { orders: Record<string, (args: object) => Promise<unknown>> };
        app.get('/buy/:id', (req, res, next) => {
          remote.getOrder?.({ id: req.params.id }).then((order) => res.json(order), next);
        });
        app.use((_error: unknown, _req: unknown, res: { sendStatus(status: number): void }, _next: unknown) =>
          res.sendStatus(502),
        );
      },
      { express, order, peers: [orders.url], transport: 'http' },
    );
    await shop.micro.ready();
    for (const id of ['1', '2', '0'])
      await ask(`${shop.url}/buy/${id}`, { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } });
    const { services } = shop.micro as unknown as { services: Record<string, Record<string, () => Promise<unknown>>> };
    await services.nobody?.f?.().catch(() => {});
    const page = await shop.metrics.text('openmetrics');
    const calls = (method: string, error: string) =>
      value(
        page,
        `rpc_client_call_duration_seconds_count{rpc_system_name="express_micro",rpc_service="orders",rpc_method="${method}",error_type="${error}"}`,
      );
    expect([calls('getOrder', ''), calls('getOrder', '404')]).toEqual([2, 1]);
    expect(page).toContain('rpc_service="nobody",rpc_method="f",error_type="MESH_SERVICE_UNAVAILABLE"');
    expect(page).toMatch(/rpc_client_call_duration_seconds_bucket\{.*rpc_method="getOrder".*# \{trace_id="a{32}"/);
    expect(value(page, 'mesh_attempts_total{transport="http"}')).toBe(3);
    expect(value(page, 'mesh_calls_total')).toBe(4);
    expect(series(page, 'mesh_members{')).toEqual([
      'mesh_members{service="orders",status="up"} 1',
      'mesh_members{service="orders",status="down"} 0',
    ]);
    expect(value(page, 'mesh_membership_changes_total{change="up"}')).toBe(1);
    expect([value(page, 'mesh_ready'), value(page, 'mesh_draining'), value(page, 'mesh_source_up')]).toEqual([1, 0, 1]);
    expect(routesOf(page)).toEqual(['/_discovery/*', '/buy/:id']);
    expect(routesOf(await orders.metrics.text())).toEqual(['/_discovery/*', '/orders/:id']);
  });

  it('over a link, and within the process, requests have their routes as over HTTP', async () => {
    const declare = (app: App) => {
      const router = express.Router();
      router.get('/:id', (req, res) => void res.json(req.params.id));
      app.use('/pens', router);
    };
    const pens = await start('pens', declare, { express });
    const user = await start('user', () => {}, { express, peers: [pens.url] });
    await user.micro.ready();
    const { services } = user.micro as unknown as {
      services: Record<string, Record<string, (args: object) => Promise<unknown>>>;
    };
    for (let call = 0; call < 5; call++) await services.pens?.getPen?.({ id: call });
    const page = await user.metrics.text();
    expect(value(page, 'mesh_attempts_total{transport="in-process"}')).toBeGreaterThan(0);
    expect(value(page, 'rpc_client_call_duration_seconds_count')).toBe(5);
    expect(series(await pens.metrics.text(), 'http_request_duration_seconds_count')).toContain(
      'http_request_duration_seconds_count{method="GET",route="/pens/:id",status="200"} 5',
    );
  });

  it('readiness knows the services that it needs, and that the app leaves', async () => {
    const orders = await start('orders', (app) => void app.get('/orders', (_req, res) => void res.json([])), { express });
    const shop = await start('shop', () => {}, { express, peers: [orders.url], health: { services: ['orders'] } });
    await shop.micro.ready();
    expect((await ask(`${shop.url}/health/ready`)).status).toBe(200);
    await orders.micro.close();
    await expect.poll(async () => (await ask(`${shop.url}/health/ready`)).text).toContain('nobody can be called as orders');
    const leaving = shop.micro.close();
    expect(shop.micro.isReady()).toBe(false);
    expect((await shop.health.report()).checks.leaving).toMatchObject({ status: 'down' });
    await leaving;
  });
});

it('probes and scrapes are answered by an app that refuses everything else, also where the mesh came last', async () => {
  const waiting: (() => void)[] = [];
  const app = express5();
  const observed = observability(app, {
    logger: silent,
    accessLog: false,
    shutdown: false,
    metrics: { path: '/internal/metrics' },
  });
  const micro = expressMicro(app, { serviceName: 'busy', log: false, shedding: { minInFlight: 1, maxInFlight: 1 } });
  app.get('/waits', (_req, res) => void waiting.push(() => void res.json(1)));
  const server = await new Promise<http.Server>((resolve) => {
    const started: http.Server = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  running.push(async () => {
    await Promise.all([micro.close(), observed.close()]);
  });
  const held = ask(`${url}/waits`);
  await expect.poll(() => waiting.length).toBe(1);
  expect((await ask(`${url}/waits`)).status).toBe(503);
  expect((await ask(`${url}/health/ready`)).status).toBe(200);
  const page = (await ask(`${url}/internal/metrics`)).text;
  expect(page).toContain('mesh_requests_shed_total 1');
  // What the mesh refused is a request that was answered, too.
  expect(page).toContain('http_request_duration_seconds_count{method="GET",route="middleware",status="503"} 1');
  for (const answer of waiting) answer();
  await held;
});

it('a service that has proven itself may read metrics where it is named, and another one may not', async () => {
  const proofs = new Map<string, string>();
  const guarded = await start(
    'guarded',
    (app, micro) => {
      app.get('/pens', (req, res) => {
        proofs.set(String(micro.caller(req)?.service), String(req.headers['express-micro-caller']));
        res.json([]);
      });
    },
    { metrics: { access: { callers: ['monitor'] } } },
  );
  for (const name of ['monitor', 'other']) {
    const { micro } = await start(name, () => {}, { peers: [guarded.url], transport: 'http' });
    await micro.ready();
    await (micro.services as unknown as Record<string, Record<string, () => Promise<unknown>>>).guarded?.getPens?.();
  }
  const statusWith = async (proof?: string) =>
    (await ask(`${guarded.url}/metrics`, { headers: proof === undefined ? {} : { 'express-micro-caller': proof } })).status;
  expect(await statusWith(proofs.get('monitor'))).toBe(200);
  expect(await statusWith(proofs.get('other'))).toBe(403);
  expect(await statusWith()).toBe(403);
  expect(await statusWith(`${proofs.get('monitor')}x`)).toBe(401);
});

it('a mesh that is closed is measured no more, and one that comes again is', async () => {
  const app = express5();
  const observed = observability(app, { logger: silent, accessLog: false, shutdown: false });
  running.push(() => observed.close());
  const first = expressMicro(app, { serviceName: 'again', log: false });
  expect(await observed.metrics.text()).toContain('mesh_ready 1');
  await first.close();
  expect(await observed.metrics.text()).not.toContain('mesh_ready');
  const second = expressMicro(app, { serviceName: 'again', log: false });
  expect(await observed.metrics.text()).toContain('mesh_ready 1');
  await second.close();
});
