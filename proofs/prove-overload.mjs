import { createFleet, freePort, progress, until } from './fleet.mjs';

/** Two milliseconds of processor a call. */
const WORK = 'burn 2';
export const IN_FLIGHT = 32;

/**
 * Finds out what a service can do, then asks for `times` as much.
 * @param {{ times?: number, seconds?: number, transport?: 'auto' | 'http' }} [load]
 */
export async function proveOverload({ times = 3, seconds = 15, transport = 'auto' } = {}) {
  const fleet = createFleet();
  try {
    const port = await freePort();
    const peers = [`http://127.0.0.1:${port}`];
    const service = await fleet.start('orders', { port, peers: [], env: { WORK } });
    const caller = await fleet.start('caller', {
      port: await freePort(),
      peers,
      env: { OPTIONS: JSON.stringify({ transport }) },
    });
    await until('the caller knows the service', async () => (await caller.ask({ what: 'up' })).length === 1);
    progress('what it can do: as many calls as it takes');
    await caller.ask({ what: 'load', inFlight: IN_FLIGHT, seconds: 3 });
    const peak = await caller.ask({ what: 'load', inFlight: IN_FLIGHT, seconds: 8 });
    if (peak.error !== undefined) throw new Error(peak.error);
    const peakRps = peak.answered / peak.seconds;
    if (peak.failed > 0) throw new Error(`${peak.failed} calls failed at the peak: ${JSON.stringify(peak.failures)}`);
    progress(`${peakRps.toFixed(0)} a second, p99 ${peak.p99.toFixed(0)} ms; now ${times} times as many`);
    const over = await caller.ask({ what: 'load', rps: Math.round(times * peakRps), seconds: seconds });
    if (over.error !== undefined) throw new Error(over.error);
    if (over.sent < 0.9 * times * peakRps * seconds) throw new Error(`only ${over.sent} calls were sent in ${seconds} s`);
    for (const [failure, count] of Object.entries(over.failures)) progress(`${count} × ${failure}`);
    const { shed } = await service.ask({ what: 'counters' });
    return { over, peak, peakRps, shed, goodput: over.answered / seconds / peakRps, p99: over.p99 / peak.p99 };
  } finally {
    fleet.close();
  }
}
