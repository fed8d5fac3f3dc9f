// npm run proof:soak [-- minutes]: 2,000 calls a second while instances come and go; memory and handles stay what they are.
import { slopeOf } from '../bench/calls/slope.mjs';
import { atLeast, atMost, report } from '../bench/report.mjs';
import { createFleet, freePort, progress, until } from './fleet.mjs';

const minutes = Number(process.argv[2] ?? 10);
if (!(minutes >= 1)) throw new Error(`npm run proof:soak takes minutes, 1 at least; it got ${process.argv[2]}`);
const RPS = 2_000;
const SAMPLE_MS = 5_000;
/** Every so often one instance goes and another one comes: once by SIGTERM, once by SIGKILL. */
const CHANGE_MS = 10_000;
/** What is filled once (caches, compiled code) is no slope. */
const WARM_UP = 0.2;

const fleet = createFleet();
try {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const peers = ports.map((port) => `http://127.0.0.1:${port}`);
  const start = (/** @type {number} */ port) => fleet.start('orders', { port, peers });
  const [steady, ...changing] = await Promise.all(ports.map(start));
  if (steady === undefined) throw new Error('no instance was started');
  const caller = await fleet.start('caller', { port: await freePort(), peers });
  const isWhole = async () => (await caller.ask({ what: 'up' })).length === ports.length;
  await until('the caller knows all instances', isWhole);

  const startedMs = performance.now();
  const atMin = () => (performance.now() - startedMs) / 60_000;
  const loading = caller.ask({ what: 'load', rps: RPS, seconds: minutes * 60 + 120 });
  /** @type {Record<'caller' | 'service', { atMin: number, heapMb: number, handles: number }[]>} */
  const samples = { caller: [], service: [] };
  let changes = 0;
  let nextChangeMs = CHANGE_MS;
  while (atMin() < minutes) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    samples.caller.push({ atMin: atMin(), ...(await caller.ask({ what: 'memory' })) });
    samples.service.push({ atMin: atMin(), ...(await steady.ask({ what: 'memory' })) });
    if (performance.now() - startedMs < nextChangeMs) continue;
    nextChangeMs += CHANGE_MS;
    const index = changes % changing.length;
    const member = changing[index];
    if (member === undefined) throw new Error('there is nobody to change');
    member.kill(changes % 4 < 2 ? 'SIGTERM' : 'SIGKILL');
    await member.ended();
    changing[index] = await start(member.port);
    await until('the new instance is known to the caller', isWhole);
    changes += 1;
    const { heapMb, handles } = /** @type {any} */ (samples.caller.at(-1));
    progress(
      `minute ${atMin().toFixed(1)} of ${minutes}: ${changes} changes, caller ${heapMb.toFixed(1)} MB, ${handles} handles`,
    );
  }
  await caller.ask({ what: 'stop' });
  const totals = await loading;
  if (totals.error !== undefined) throw new Error(totals.error);
  for (const [failure, count] of Object.entries(totals.failures)) progress(`${count} × ${failure}`);
  const rows = Object.entries(samples).flatMap(([who, all]) => {
    const warm = all.filter((sample) => sample.atMin > minutes * WARM_UP);
    const [first, last] = [warm[0], warm.at(-1)];
    if (first === undefined || last === undefined || warm.length < 5) throw new Error('too few samples');
    const heap = slopeOf(warm.map((sample) => ({ atMin: sample.atMin, value: sample.heapMb })));
    const handles = slopeOf(warm.map((sample) => ({ atMin: sample.atMin, value: sample.handles })));
    return [
      atMost(`heap of the ${who}, slope`, heap, 1, 'MB/min', `${first.heapMb.toFixed(1)} → ${last.heapMb.toFixed(1)} MB`),
      atMost(`handles of the ${who}, slope`, handles, 1, '/min', `${first.handles} → ${last.handles}`),
    ];
  });
  const how = `${totals.sent} calls, ${changes} instances replaced, half of them by SIGKILL; ${totals.counters.retries} retries`;
  report('Proof: soak', `npm run proof:soak -- ${minutes}`, [
    atMost('failed calls', totals.failed + totals.wrong, 0, '', how),
    atLeast('calls a second', totals.sent / totals.seconds, 0.95 * RPS, '', ''),
    ...rows,
  ]);
} finally {
  fleet.close();
}
