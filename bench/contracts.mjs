// What a contract costs beside the same by hand, on Express 5 and on Fastify: a process for each kind, in turns.
import { Client } from 'undici';
import { KINDS } from './contracts/kinds.mjs';
import { start, sum } from './processes.mjs';
import { atMost, forComparison, median, ratioOf } from './report.mjs';

const ROUNDS = 11;
const WARM_ROUNDS = 3;
const REQUESTS = 2_000;
const AT_ONCE = 8;

const request = /** @type {const} */ ({
  method: 'POST',
  path: '/orders/7?limit=5',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ sku: 'pen', count: 2, tags: ['a', 'b'] }),
});

/** @param {string} kind */
async function open(kind) {
  const server = start('./contracts/app.mjs', [kind]);
  const { port } = await server.first;
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: AT_ONCE });
  return {
    kind,
    times: /** @type {number[]} */ ([]),
    /** CPU time of the server, in µs a request. */
    async round() {
      const before = sum((await server.ask({})).cpu);
      let left = REQUESTS;
      const worker = async () => {
        while (left-- > 0) {
          const { statusCode, body } = await client.request(request);
          const text = await body.text();
          if (statusCode !== 200 || text !== '{"id":7,"count":2}') throw new Error(`${kind} answered ${statusCode} ${text}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return (sum((await server.ask({})).cpu) - before) / REQUESTS;
    },
    async close() {
      await client.close();
      server.child.disconnect();
    },
  };
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureContracts() {
  const apps = await Promise.all(Object.keys(KINDS).map(open));
  for (let at = -WARM_ROUNDS; at < ROUNDS; at++) {
    for (const app of apps) {
      const time = await app.round();
      if (at >= 0) app.times.push(time);
    }
  }
  for (const app of apps) await app.close();
  /** @param {string} wanted */
  const timesOf = (wanted) => /** @type {number[]} */ (apps.find(({ kind }) => kind === wanted)?.times);
  /** @param {string} one @param {string} other */
  const ratio = (one, other) => ratioOf(timesOf(one), timesOf(other));
  const how = `CPU of the server, one request; median of ${ROUNDS} rounds of ${REQUESTS} POSTs`;
  return [
    ...apps.map(({ kind, times }) => forComparison(kind, median(times), 'µs', how)),
    atMost('a contract : the same by hand, Express 5', ratio('Express 5, a contract', 'Express 5, schemas by hand'), 1.1, '×'),
    atMost(
      'a contract : the same by hand on such requests, Express 5',
      ratio('Express 5, a contract', 'Express 5, schemas by hand, on requests as an app with contracts has them'),
      1.1,
      '×',
    ),
    atMost('a contract : the same by hand, Fastify', ratio('Fastify, a contract', 'Fastify, schemas by hand'), 1.3, '×'),
  ];
}
