// What a call over the link costs, beside raw undici into Express alone: CPU time of both sides, duration, the middle of calls one by one.
import { start, sum } from './processes.mjs';
import { atLeast, atMost, forComparison, median } from './report.mjs';

const CALLS = 10_000;
const ONE_BY_ONE = 2_000;
const ROUNDS = 5;
const SETS = 5;
const NODE = Number.parseInt(process.versions.node, 10);

/** @type {Readonly<Record<string, { client: string, app: string }>>} */
const PAIRS = {
  undici: { client: 'undici', app: 'bare' },
  http: { client: 'http', app: 'answering' },
  link: { client: 'link', app: 'answering' },
};

/** @typedef {{ cpu: number, ms: number, p50: number }} Cost CPU µs a call, both sides; ms a thousand calls; µs of the middle call */

/** @param {{ client: string, app: string }} pair */
async function open({ client: kind, app }) {
  const server = start('./call-cost/server.mjs', [app]);
  const { port } = await server.first;
  const client = start('./call-cost/client.mjs', [kind, `http://127.0.0.1:${port}`]);
  await client.first;
  /** @param {number} calls @param {number} inFlight */
  const round = async (calls, inFlight) => {
    const before = sum((await server.ask({})).cpu);
    const { cpu, ms, p50 } = await client.ask({ calls, inFlight });
    const served = sum((await server.ask({})).cpu) - before;
    return { cpu: (sum(cpu) + served) / calls, ms: (ms * 1_000) / calls, p50: p50 * 1_000 };
  };
  return {
    async round() {
      const { cpu, ms } = await round(CALLS, 64);
      return { cpu, ms, p50: (await round(ONE_BY_ONE, 1)).p50 };
    },
    close() {
      server.child.disconnect();
      client.child.disconnect();
    },
  };
}

/** One pair at a time is at work, so that each has the machine for itself. @returns {Promise<Record<string, Cost>>} */
async function measureOnce() {
  const names = Object.keys(PAIRS);
  const pairs = await Promise.all(Object.values(PAIRS).map(open));
  for (const pair of pairs) for (let warm = 0; warm < 2; warm++) await pair.round();
  /** @type {Cost[][]} */
  const costs = pairs.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < pairs.length; i++) {
      const index = (i + round) % pairs.length;
      const cost = await pairs[index]?.round();
      if (cost !== undefined) costs[index]?.push(cost);
    }
  }
  for (const pair of pairs) pair.close();
  const middle = (/** @type {Cost[]} */ all, /** @type {keyof Cost} */ what) => median(all.map((cost) => cost[what]));
  return Object.fromEntries(
    names.map((name, index) => {
      const all = costs[index] ?? [];
      return [name, { cpu: middle(all, 'cpu'), ms: middle(all, 'ms'), p50: middle(all, 'p50') }];
    }),
  );
}

/** @param {number} [sets] @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureLinkCost(sets = SETS) {
  /** @type {Record<string, Cost>[]} */
  const all = [];
  for (let set = 0; set < sets; set++) {
    process.stderr.write(`link cost: processes ${set + 1} of ${sets}\n`);
    all.push(await measureOnce());
  }
  const at = (/** @type {Record<string, Cost>} */ set, /** @type {string} */ pair, /** @type {keyof Cost} */ what) =>
    set[pair]?.[what] ?? Number.NaN;
  /** @param {keyof Cost} what @param {string} over @param {string} under */
  const ratio = (what, over, under) => median(all.map((set) => at(set, over, what) / at(set, under, what)));
  const note = `median of ${sets} sets of processes, ${ROUNDS} rounds of ${CALLS} calls each, 64 in flight`;
  const cpu = ratio('cpu', 'undici', 'link');
  const wall = ratio('ms', 'undici', 'link');
  return [
    atLeast('CPU of both sides: raw undici into Express alone : the link', cpu, NODE < 22 ? 20 : 10, '', note),
    NODE < 24 ? forComparison('duration of the same', wall, '', note) : atLeast('duration of the same', wall, 6, '', note),
    forComparison('CPU of both sides: the mesh over HTTP : the link', ratio('cpu', 'http', 'link'), '', note),
    atMost(
      'one call at a time, the middle one: the link : raw undici into Express alone',
      ratio('p50', 'link', 'undici'),
      0.7,
      '',
      `median of ${sets} sets of processes, ${ROUNDS} rounds of ${ONE_BY_ONE} calls`,
    ),
  ];
}

if (process.argv[1]?.endsWith('link-cost.mjs')) {
  for (const { name, value, target } of await measureLinkCost(1)) console.log(value?.toFixed(2), target ?? '', name);
}
