// An app of every kind of route, measured. Tells on demand how many series it has, and how much heap when all is collected.

import { observability } from '@express-micro/observability';
import express from 'express';

const app = express();
const { metrics } = observability(app, { accessLog: false, logger: { info() {}, warn() {}, error() {} }, shutdown: false });
// As somebody does who does not know better: the address itself as a label.
const visits = metrics.counter('visits_total', { help: 'Visits, by address.', labels: ['url', 'agent'] });
const times = metrics.histogram('visit_seconds', { help: 'Visits, by address.', labels: ['url'] });
app.use((req, _res, next) => {
  visits.inc({ url: req.originalUrl, agent: String(req.headers['user-agent']) });
  times.observe({ url: req.originalUrl }, 0.1);
  next();
});
const ok = (/** @type {any} */ _req, /** @type {any} */ res) => res.end('ok');
app.get('/users/:id', ok);
const orders = express.Router();
orders.get('/:order', ok);
orders.post('/:order', ok);
app.use('/shops/:shop/Orders', orders);
app.use(/^\/v\d+/, orders);
const admin = express();
admin.get('/:page', ok);
app.use('/admin/:tenant', admin);
app.get(/^\/files\/(.*)$/, ok);
app.get('/status/:status', (req, res) => {
  res.statusCode = 200 + (Number(req.params.status) % 40);
  res.end('ok');
});

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.send?.({ port });
});

async function look() {
  const page = await metrics.text();
  // What Node tells of itself (kinds of collections, of resources) has its own few rows, and when they come is not up to us.
  const lines = page.split('\n').filter((line) => line !== '' && !/^(#|nodejs_|process_)/.test(line));
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const requests = lines.filter((line) => line.startsWith('http_request_duration_seconds_count'));
  const total = requests.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const { heapUsed } = process.memoryUsage();
  process.send?.({
    series: lines.length,
    requests: requests.length,
    total,
    heapMb: heapUsed / 1_048_576,
    pageKb: page.length / 1_024,
  });
}
process.on('message', () => void look());
process.on('disconnect', () => process.exit(0));
