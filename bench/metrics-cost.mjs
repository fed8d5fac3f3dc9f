// What metrics cost: of a request, of an observation, and of a call, beside what they stand on; in one run.
import { start, sum } from './processes.mjs';
import { atMost, forComparison, median, ratioOf } from './report.mjs';

const REQUESTS = 6_000;
const IN_FLIGHT = 64;
const ROUNDS = 11;

/** An app without anything, with metrics and request ids, with prom-client wired by hand as its documentation does, and with request ids alone. */
const KINDS = /** @type {const} */ (['bare', 'measured', 'by-hand', 'ids']);

/** @param {typeof KINDS[number]} kind */
async function open(kind) {
  const server = start('./metrics-cost/server.mjs', [kind]);
  const { port } = await server.first;
  const client = start('./call-cost/client.mjs', ['undici', `http://127.0.0.1:${port}`]);
  await client.first;
  return {
    /** CPU time of the app, in µs a request. */
    async round() {
      const before = sum((await server.ask({ what: 'cpu' })).cpu);
      await client.ask({ calls: REQUESTS, inFlight: IN_FLIGHT });
      return (sum((await server.ask({ what: 'cpu' })).cpu) - before) / REQUESTS;
    },
    observe: () => server.ask({ what: 'observe' }),
    close() {
      server.child.disconnect();
      client.child.disconnect();
    },
  };
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureMetricsCost() {
  const apps = await Promise.all(KINDS.map(open));
  for (const app of apps) for (let warm = 0; warm < 3; warm++) await app.round();
  /** @type {number[][]} */
  const used = apps.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    // Each round in another order, so that nobody always has the warmer processor.
    for (let i = 0; i < apps.length; i++) {
      const index = (i + round) % apps.length;
      used[index]?.push((await apps[index]?.round()) ?? Number.NaN);
    }
  }
  const observed = /** @type {any} */ (await apps[1]?.observe());
  for (const app of apps) app.close();
  const [bare = [], measured = [], byHand = [], ids = []] = used;
  /** Of the requests that the one serves in a time, how many the other does not. */
  const lost = (/** @type {number[]} */ one, than = bare) => (1 - ratioOf(than, one)) * 100;
  const of = (/** @type {number[]} */ one) => `${median(one).toFixed(1)} µs of CPU a request, bare ${median(bare).toFixed(1)}`;
  return [
    atMost('throughput that metrics cost', lost(measured, ids), 4, '%', of(measured)),
    forComparison('throughput that request ids and contexts cost, which log lines have, too', lost(ids), '%', of(ids)),
    forComparison('throughput that prom-client by hand costs', lost(byHand), '%', of(byHand)),
    atMost(
      'an observation : the same by prom-client',
      observed.own / observed.prom,
      0.8,
      '',
      `${observed.own.toFixed(0)} ns with bounded labels of the app's own, ${observed.prom.toFixed(0)} ns`,
    ),
  ];
}
