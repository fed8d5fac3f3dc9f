// What a log line costs beside pino's own, and what request id, access log and logger cost an app beside the same wired by hand.
import { installPeers } from './peers/install.mjs';
import { start, sum } from './processes.mjs';
import { atMost, forComparison, median, ratioOf } from './report.mjs';

const LINES = 20_000;
const TURNS = 9;
/** Two processes of the same program differ by some percent for as long as they live, so several sets are compared. */
const SETS = 5;

/** @param {string} content @param {string} sink @returns {Promise<{ ours: number[], pinos: number[] }>} ns a line, of the same moments */
async function measureLines(content, sink) {
  /** @type {number[]} */
  const ours = [];
  /** @type {number[]} */
  const pinos = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`log line, ${content} to ${sink}: processes ${set + 1} of ${SETS}\n`);
    const pino = start('./log-line/lines.mjs', ['pino', content, sink]);
    const our = start('./log-line/lines.mjs', ['ours', content, sink]);
    await Promise.all([pino.first, our.first]);
    /** @param {typeof pino} kind */
    const turn = async (kind) => ((await kind.ask({ lines: LINES })).ms * 1e6) / LINES;
    for (let i = 0; i < 5; i++) await turn(i % 2 === 0 ? pino : our);
    for (let i = 0; i < TURNS; i++) {
      if (i % 2 === 0) pinos.push(await turn(pino));
      ours.push(await turn(our));
      if (i % 2 === 1) pinos.push(await turn(pino));
    }
    pino.child.disconnect();
    our.child.disconnect();
  }
  return { ours, pinos };
}

/** @type {readonly (readonly [name: string, content: string, sink: string])[]} */
const LINE_ROWS = [
  ['a log line of a text, in a request, to a file : pino’s own', 'text', 'file'],
  ['a log line of a text and four fields, in a request, to a file : pino’s own', 'fields', 'file'],
  // Without what it takes to write: what the look for secrets, the time in words and the way to the request add.
  ['a text, made and thrown away : pino’s own', 'text', 'nowhere'],
  ['a text and four fields, made and thrown away : pino’s own', 'fields', 'nowhere'],
];

/** @returns {Promise<import('./report.mjs').Row[]>} */
async function measureLogLine() {
  const rows = [];
  for (const [name, content, sink] of LINE_ROWS) {
    const { ours, pinos } = await measureLines(content, sink);
    const ratio = ratioOf(ours, pinos);
    const how = `${median(ours).toFixed(0)} ns : ${median(pinos).toFixed(0)} ns; median of ${SETS * TURNS} turns of ${LINES} lines with ${SETS} sets of processes`;
    rows.push(sink === 'file' ? atMost(name, ratio, 1.3, '', how) : forComparison(name, ratio, '', how));
  }
  const { ours, pinos } = await measureLines('silent', 'nowhere');
  rows.push(
    forComparison('a line of a level that is not written', median(ours), 'ns', `pino’s own ${median(pinos).toFixed(1)} ns`),
  );
  return rows;
}

const CALLS = 5_000;
const IN_FLIGHT = 64;
const ROUNDS = 5;
/** What is compared: an app without anything, with us, and with the same wired by hand. */
const APPS = ['bare', 'ours', 'by-hand'];

/** @param {string} kind */
async function openApp(kind) {
  const server = start('./log-line/app.mjs', [kind]);
  const { port } = await server.first;
  const client = start('./call-cost/client.mjs', ['undici', `http://127.0.0.1:${port}`]);
  await client.first;
  return {
    /** CPU time of the server, in µs a request: what throughput is made of, where one process serves. */
    async round() {
      const before = sum((await server.ask({})).cpu);
      await client.ask({ calls: CALLS, inFlight: IN_FLIGHT });
      return (sum((await server.ask({})).cpu) - before) / CALLS;
    },
    close() {
      server.child.disconnect();
      client.child.disconnect();
    },
  };
}

/** @returns {Promise<Record<string, number>>} µs a request, for each app */
async function measureApps() {
  const apps = await Promise.all(APPS.map(openApp));
  for (const app of apps) for (let i = 0; i < 2; i++) await app.round();
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
  return Object.fromEntries(APPS.map((app, index) => [app, median(used[index] ?? [])]));
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
async function measureRequests() {
  /** @type {Record<string, number>[]} */
  const sets = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`logging, requests: processes ${set + 1} of ${SETS}\n`);
    sets.push(await measureApps());
  }
  /** @param {string} app */
  const middle = (app) => median(sets.map((used) => used[app] ?? Number.NaN));
  const lost = median(sets.map(({ bare = Number.NaN, ours = Number.NaN }) => 1 - bare / ours)) * 100;
  const part = median(
    sets.map(({ bare = Number.NaN, ours = Number.NaN, 'by-hand': byHand = Number.NaN }) => (ours - bare) / (byHand - bare)),
  );
  const how = `median of ${SETS} sets of processes, ${ROUNDS} rounds of ${CALLS} requests each, CPU of the server`;
  const times = `bare ${middle('bare').toFixed(1)} µs, ours ${middle('ours').toFixed(1)} µs, by hand ${middle('by-hand').toFixed(1)} µs`;
  return [
    atMost('logger, access log and request id on a small JSON route: throughput lost', lost, 10, '%', `${times}; ${how}`),
    atMost('the same : morgan and winston wired by hand, what they add', part, 0.5, '', how),
  ];
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureLogging() {
  await installPeers((line) => void process.stderr.write(`${line}\n`));
  return [...(await measureLogLine()), ...(await measureRequests())];
}
