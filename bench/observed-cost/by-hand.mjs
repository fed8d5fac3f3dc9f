// What prom-client's documentation wires: a histogram of requests, a gauge of those under way, the process's own metrics.
import { createRequire } from 'node:module';

/** @param {import('express').Express} app */
export function measureByHand(app) {
  // The very prom-client that the package uses.
  const prom = createRequire(createRequire(import.meta.url).resolve('@express-micro/observability'))('prom-client');
  const register = new prom.Registry();
  const labelNames = ['method', 'route', 'status'];
  const buckets = [0.01, 0.05, 0.1, 0.5, 1, 5];
  const durations = new prom.Histogram({ name: 'by_hand_seconds', help: 'By hand.', labelNames, buckets, registers: [register] });
  const active = new prom.Gauge({ name: 'active_connections', help: 'Active.', registers: [register] });
  prom.collectDefaultMetrics({ register });
  app.use((req, res, next) => {
    const end = durations.startTimer();
    active.inc();
    res.on('finish', () => {
      end({ method: req.method, route: req.route?.path ?? req.path, status: res.statusCode });
      active.dec();
    });
    next();
  });
}
