// One Express app with a small JSON route: bare, measured, or measured by hand. Tells its port and, on demand, its CPU time.
import { createRequire } from 'node:module';
import { observability } from '@express-micro/observability';
import express from 'express';

const kind = process.argv[2];
const app = express();
// The very prom-client that the package uses.
const load = createRequire(createRequire(import.meta.url).resolve('@express-micro/observability'));
const prom = load('prom-client');
const register = new prom.Registry();
const buckets = [0.01, 0.05, 0.1, 0.5, 1, 5];
const labelNames = ['method', 'route', 'status'];
const byHand = new prom.Histogram({ name: 'by_hand_seconds', help: 'By hand.', labelNames, buckets, registers: [register] });

const silent = { info() {}, warn() {}, error() {} };
const options = { logger: silent, accessLog: false, shutdown: false };
const observed = kind === 'measured' ? observability(app, options) : undefined;
if (kind === 'ids') observability(app, { ...options, metrics: false });
if (kind === 'by-hand') {
  prom.collectDefaultMetrics({ register });
  const active = new prom.Gauge({ name: 'active_connections', help: 'Active.', registers: [register] });
  app.use((req, res, next) => {
    const end = byHand.startTimer();
    active.inc();
    res.on('finish', () => {
      end({ method: req.method, route: req.route?.path ?? req.path, status: res.statusCode });
      active.dec();
    });
    next();
  });
}
const answer = { id: 7, userId: 123, item: 'keyboard', state: 'confirmed', lines: [{ sku: 'k-1', n: 1, cents: 4900 }] };
app.get('/orders/:userId', (req, res) => {
  res.json({ ...answer, userId: req.params.userId });
});

/** Nanoseconds of one observation with three labels: of a metric of the app, and of prom-client's. */
function observe() {
  const own = observed?.metrics.histogram('own_seconds', { help: 'Own.', labels: ['method', 'route', 'status'], buckets });
  const time = (/** @type {(labels: { method: string, route: string, status: number }) => void} */ run) => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 7; round++) {
      const startedMs = performance.now();
      for (let i = 0; i < 300_000; i++) run({ method: 'GET', route: '/orders/:userId', status: 200 + (i % 3) });
      best = Math.min(best, ((performance.now() - startedMs) * 1e6) / 300_000);
    }
    return best;
  };
  return { own: time((labels) => own?.observe(labels, 0.02)), prom: time((labels) => byHand.observe(labels, 0.02)) };
}

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ port });
});
process.on('message', ({ what }) => process.send?.(what === 'observe' ? observe() : { cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
