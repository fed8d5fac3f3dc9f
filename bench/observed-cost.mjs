// What observability costs an app: logger, access log, metrics and request id together, beside the same wired by hand; and what
// tracing adds to them.
import { createServer } from 'node:http';
import { installPeers } from './peers/install.mjs';
import { start, sum } from './processes.mjs';
import { atMost, forComparison, median } from './report.mjs';

const KINDS = /** @type {const} */ (['bare', 'observed', 'by-hand', 'traced']);
const REQUESTS = 5_000;
const IN_FLIGHT = 64;
/** Two processes of the same program differ by some percent for as long as they live, so several sets are compared. */
const SETS = 5;
const ROUNDS = 5;
const WARM_ROUNDS = 3;

/** @param {string} kind @param {string} receiver */
async function open(kind, receiver) {
  const server = start('./observed-cost/app.mjs', [kind, receiver]);
  const { port } = await server.first;
  const client = start('./call-cost/client.mjs', ['undici', `http://127.0.0.1:${port}`]);
  await client.first;
  return {
    /** CPU time of the server, in µs a request: what throughput is made of, where one process serves. */
    async round() {
      const before = sum((await server.ask({})).cpu);
      await client.ask({ calls: REQUESTS, inFlight: IN_FLIGHT });
      return (sum((await server.ask({})).cpu) - before) / REQUESTS;
    },
    close() {
      server.child.disconnect();
      client.child.disconnect();
    },
  };
}

/** @param {string} receiver @returns {Promise<Record<typeof KINDS[number], number>>} µs a request */
async function measureSet(receiver) {
  const apps = await Promise.all(KINDS.map((kind) => open(kind, receiver)));
  for (const app of apps) for (let warm = 0; warm < WARM_ROUNDS; warm++) await app.round();
  /** @type {number[][]} */
  const used = apps.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    // Each round in another order, so that nobody always has the warmer processor.
    for (let i = 0; i < apps.length; i++) {
      const index = (i + round) % apps.length;
      used[index]?.push((await apps[index]?.round()) ?? Number.NaN);
    }
  }
  for (const app of apps) app.close();
  const [bare = Number.NaN, observed = Number.NaN, byHand = Number.NaN, traced = Number.NaN] = used.map(median);
  return { bare, observed, 'by-hand': byHand, traced };
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureObservedCost() {
  await installPeers((line) => void process.stderr.write(`${line}\n`));
  // Takes what is sent, as a collector does, and forgets it.
  let batches = 0;
  const receiver = createServer((req, res) => {
    batches += 1;
    req.resume().on('end', () => res.end());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (receiver.address());
  /** @type {Record<typeof KINDS[number], number>[]} */
  const sets = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`observability: processes ${set + 1} of ${SETS}\n`);
    sets.push(await measureSet(`http://127.0.0.1:${port}`));
  }
  receiver.close();
  if (batches === 0) throw new Error('no trace was sent, so nothing was traced');
  /** @param {(set: Record<typeof KINDS[number], number>) => number} of */
  const middle = (of) => median(sets.map(of));
  const lost = middle(({ bare, observed }) => 1 - bare / observed) * 100;
  const part = middle((set) => (set.observed - set.bare) / (set['by-hand'] - set.bare));
  const more = middle(({ observed, traced }) => 1 - observed / traced) * 100;
  const how = `median of ${SETS} sets of processes, ${ROUNDS} rounds of ${REQUESTS} requests each, CPU of the server`;
  const times = KINDS.map((kind) => `${kind} ${middle((set) => set[kind]).toFixed(1)} µs`).join(', ');
  return [
    atMost(
      'logger, access log, metrics and request id on a small JSON route: throughput lost',
      lost,
      10,
      '%',
      `${times}; ${how}`,
    ),
    atMost('the same : morgan, winston and prom-client by hand, what they add', part, 0.5, '', how),
    atMost('tracing, one of a hundred kept, errors and slow ones too: throughput lost beyond that', more, 8, '%', how),
    forComparison('traced : bare, throughput lost', middle(({ bare, traced }) => 1 - bare / traced) * 100, '%', how),
  ];
}
