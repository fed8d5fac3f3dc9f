// One Express app with a small JSON route: bare, observed, traced, or with the same wired by hand. Tells its port and, on demand, the CPU time it used.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kind = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'observed-app-'));
if (kind === 'traced') {
  // As `--import` does: before anything of the app is loaded. What is kept goes nowhere: sending it is the exporter's business.
  process.env.OTEL_TRACES_SAMPLER = 'parentbased_traceidratio';
  process.env.OTEL_TRACES_SAMPLER_ARG ??= '0.01';
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = process.argv[3];
  await import('@express-micro/observability/register');
}
const { default: express } = await import('express');
const app = express();
if (kind === 'observed' || kind === 'traced') {
  const { observability } = await import('@express-micro/observability');
  // In production `http` is off; a line for each request is what is compared.
  observability(app, { ...JSON.parse(process.env.X ? Buffer.from(process.env.X, 'hex').toString() : '{}'), service: 'orders', logger: { level: 'http', console: false, files: { folder } } });
} else if (kind === 'quick') {
  const { giveExpressPrototypes, watchServers } = await import('@express-micro/core');
  watchServers(app, (server) => void giveExpressPrototypes(server, app));
} else if (kind === 'by-hand') {
  const { wireByHand } = await import('../peers/kinds/logging-by-hand.mjs');
  const { measureByHand } = await import('./by-hand.mjs');
  measureByHand(app);
  wireByHand(app, folder);
}
const answer = {
  id: 7,
  userId: 123,
  item: 'keyboard',
  state: 'confirmed',
  lines: [{ sku: 'k-1', n: 1, cents: 4900 }],
  note: 'leave it at the door',
};
app.get('/orders/:userId', (req, res) => {
  res.json({ ...answer, userId: req.params.userId });
});
const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
