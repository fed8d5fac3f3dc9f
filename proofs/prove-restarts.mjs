import { createFleet, freePort, progress, until } from './fleet.mjs';

const INSTANCES = 3;
/** Calm between two restarts, so that each meets a fleet that is whole. */
const CALM_MS = 1_000;

/**
 * Ends and starts every instance in turn, while GETs and POSTs go on.
 * @param {{ signal: NodeJS.Signals, callerOptions: object, rounds?: number, rps?: number }} proof
 */
export async function proveRestarts({ signal, callerOptions, rounds = 3, rps = 1_000 }) {
  const fleet = createFleet();
  try {
    const ports = await Promise.all(Array.from({ length: INSTANCES + 1 }, freePort));
    const callerPort = /** @type {number} */ (ports.pop());
    const peers = ports.map((port) => `http://127.0.0.1:${port}`);
    const start = (/** @type {number} */ port) => fleet.start('orders', { port, peers });
    const members = await Promise.all(ports.map(start));
    const caller = await fleet.start('caller', { port: callerPort, peers, env: { OPTIONS: JSON.stringify(callerOptions) } });
    const isWhole = async () => (await caller.ask({ what: 'up' })).length === INSTANCES;
    await until('the caller knows all instances', isWhole);

    const loading = caller.ask({ what: 'load', rps, seconds: 600, posts: true });
    const calm = () => new Promise((resolve) => setTimeout(resolve, CALM_MS));
    await calm();
    for (let round = 1; round <= rounds; round++) {
      for (const [index, member] of members.entries()) {
        progress(`round ${round} of ${rounds}: ${signal} to instance ${index + 1}`);
        member.kill(signal);
        await member.ended();
        members[index] = await start(member.port);
        await until('the new instance is known to the caller', isWhole);
        await calm();
      }
    }
    await caller.ask({ what: 'stop' });
    const totals = await loading;
    if (totals.error !== undefined) throw new Error(totals.error);
    if (totals.sent < rps * totals.seconds * 0.9) throw new Error(`only ${totals.sent} calls were sent in ${totals.seconds} s`);
    for (const [failure, count] of Object.entries(totals.failures)) progress(`${count} × ${failure}`);
    const counts = fleet.executions();
    if (counts.size < totals.postsAnswered) throw new Error('orders were answered that nobody has executed');
    const twice = [...counts.values()].filter((count) => count > 1).length;
    const { sent, answered, counters } = totals;
    const how = `${sent} calls in ${totals.seconds.toFixed(0)} s, ${answered} answered, ${counters.retries} retries, ${rounds * INSTANCES} restarts by ${signal}`;
    return { totals: { ...totals, how }, twice };
  } finally {
    fleet.close();
  }
}
