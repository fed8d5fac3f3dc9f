// Serves one of the wirings. Tells its port and, on demand, the CPU time it used.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wireBare, wireByHand, wireByPackage } from './wiring.mjs';

const folder = mkdtempSync(join(tmpdir(), 'http-cost-'));
const kind = process.argv[2];
const app = kind === 'package' ? await wireByPackage(folder) : kind === 'by-hand' ? await wireByHand(folder) : wireBare();
const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
