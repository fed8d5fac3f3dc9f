// What a route costs with validation, authentication, limits, errors and a line in the log: by the package, beside the same by hand.
import { installPeers } from './peers/install.mjs';
import { start, sum } from './processes.mjs';
import { atLeast, forComparison, median } from './report.mjs';

const KINDS = /** @type {const} */ (['bare', 'by-hand', 'package']);
const REQUESTS = 5_000;
const IN_FLIGHT = 64;
const SETS = 5;
const ROUNDS = 5;
const WARM_ROUNDS = 3;

/** @param {string} kind */
async function open(kind) {
  const server = start('./http-cost/app.mjs', [kind]);
  const { port } = await server.first;
  const client = start('./http-cost/client.mjs', [`http://127.0.0.1:${port}`]);
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

/** @returns {Promise<Record<typeof KINDS[number], number>>} µs a request */
async function measureSet() {
  const apps = await Promise.all(KINDS.map(open));
  for (const app of apps) for (let warm = 0; warm < WARM_ROUNDS; warm++) await app.round();
  /** @type {number[][]} */
  const used = apps.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < apps.length; i++) {
      const index = (i + round) % apps.length;
      used[index]?.push((await apps[index]?.round()) ?? Number.NaN);
    }
  }
  for (const app of apps) app.close();
  const [bare = Number.NaN, byHand = Number.NaN, byPackage = Number.NaN] = used.map(median);
  return { bare, 'by-hand': byHand, package: byPackage };
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureHttpCost() {
  await installPeers((line) => void process.stderr.write(`${line}\n`));
  /** @type {Record<typeof KINDS[number], number>[]} */
  const sets = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`http: processes ${set + 1} of ${SETS}\n`);
    sets.push(await measureSet());
  }
  /** @param {(set: Record<typeof KINDS[number], number>) => number} of */
  const middle = (of) => median(sets.map(of));
  const times = KINDS.map((kind) => `${kind} ${middle((set) => set[kind]).toFixed(1)} µs`).join(', ');
  const how = `${times}; median of ${SETS} sets of processes, ${ROUNDS} rounds of ${REQUESTS} POSTs each, CPU of the server`;
  return [
    atLeast(
      'contract, token, role, limit, errors and request log : the same by hand from zod, jsonwebtoken, express-rate-limit and morgan, throughput',
      middle((set) => set['by-hand'] / set.package),
      1.5,
      '',
      how,
    ),
    forComparison(
      'the same : the bare route, throughput',
      middle((set) => set.bare / set.package),
      '',
      how,
    ),
  ];
}
