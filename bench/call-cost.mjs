// What a call through the mesh costs, beside raw undici into the same Express app: CPU time of both sides, in one run.
import { start, sum } from './processes.mjs';
import { atMost, forComparison, median } from './report.mjs';

const CALLS = 5_000;
const IN_FLIGHT = 64;
const ROUNDS = 5;
/** Two processes of the same program differ by some percent for as long as they live, so several sets are compared. */
const SETS = 9;

/** @typedef {'bare' | 'answering' | 'calling'} App an app without the plugin, with it, and one that makes calls itself */
/** @typedef {'undici' | 'http'} Client */

/** What is compared: who calls into which app. @type {Readonly<Record<string, { client: Client, app: App }>>} */
const PAIRS = {
  bare: { client: 'undici', app: 'bare' },
  answering: { client: 'http', app: 'answering' },
  calling: { client: 'http', app: 'calling' },
  undiciIntoPlugin: { client: 'undici', app: 'answering' },
};

/** @param {{ client: Client, app: App }} pair */
async function open(pair) {
  const server = start('./call-cost/server.mjs', [pair.app]);
  const { port } = await server.first;
  const client = start('./call-cost/client.mjs', [pair.client, `http://127.0.0.1:${port}`]);
  await client.first;
  return {
    /** CPU time of both sides, in µs a call. */
    async round() {
      const before = sum((await server.ask({})).cpu);
      const { cpu } = await client.ask({ calls: CALLS, inFlight: IN_FLIGHT });
      const served = sum((await server.ask({})).cpu) - before;
      return (sum(cpu) + served) / CALLS;
    },
    close() {
      server.child.disconnect();
      client.child.disconnect();
    },
  };
}

/** @returns {Promise<Record<string, number>>} µs a call, for each pair */
async function measureOnce() {
  const apps = await Promise.all(Object.values(PAIRS).map(open));
  for (const app of apps) await app.round();
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
  return Object.fromEntries(Object.keys(PAIRS).map((pair, index) => [pair, median(used[index] ?? [])]));
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureCallCost() {
  /** @type {Record<string, number>[]} */
  const sets = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`call cost: processes ${set + 1} of ${SETS}\n`);
    sets.push(await measureOnce());
  }
  const middle = (/** @type {string} */ pair) => median(sets.map((set) => set[pair] ?? Number.NaN));
  /** @param {string} pair @param {string} other @returns {[number, string]} */
  const compare = (pair, other) => [
    median(sets.map((set) => (set[pair] ?? Number.NaN) / (set[other] ?? Number.NaN))),
    `${middle(pair).toFixed(1)} µs : ${middle(other).toFixed(1)} µs; median of ${SETS} sets of processes, ${ROUNDS} rounds of ${CALLS} calls each`,
  ];
  const [answering, howAnswering] = compare('answering', 'bare');
  const [calling, howCalling] = compare('calling', 'bare');
  const [same, howSame] = compare('answering', 'undiciIntoPlugin');
  return [
    atMost(
      'a call through the mesh : raw undici into the same Express app, CPU of both sides',
      answering,
      1.05,
      '',
      howAnswering,
    ),
    atMost(
      'the same into an app that makes calls itself, and so keeps the context of each request (docs/decisions/0005)',
      calling,
      1.05,
      '',
      howCalling,
    ),
    forComparison(
      'a call through the mesh : raw undici into the app under the plugin, which answers any client faster (docs/decisions/0006)',
      same,
      '',
      howSame,
    ),
  ];
}
