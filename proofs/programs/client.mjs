// Makes the calls that it is told to make, and tells how each kind of end came about and how long the longest took.
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions, memory } from './questions.mjs';

const app = express();
const micro = expressMicro(app, { serviceName: 'client', log: false, ...JSON.parse(process.env.OPTIONS ?? '{}') });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @typedef {{ service: string, name: string, args?: object, options?: object }} Call */

/** @param {Call} call @param {{ ends: Record<string, number>, tookMs: number[] }} seen */
async function one({ service, name, args = {}, options }, seen) {
  const startedMs = performance.now();
  const end = await micro.services[service][name](args, options).then(
    () => 'answered',
    // A failure without a code is none that a caller can tell from others.
    ({ code, status = '', message }) => (code === undefined ? `no code: ${message}` : `${code} ${status}`.trimEnd()),
  );
  seen.tookMs.push(performance.now() - startedMs);
  seen.ends[end] = (seen.ends[end] ?? 0) + 1;
}

/** `waits[i]` milliseconds after the round before it is over, `atOnce` calls are made; then the next. */
async function rounds({ calls, atOnce, waits }) {
  const seen = { ends: {}, tookMs: [] };
  const before = micro.counters();
  let next = 0;
  for (const waitMs of waits) {
    await wait(waitMs);
    await Promise.all(Array.from({ length: atOnce }, () => one(calls[next++ % calls.length], seen)));
  }
  const after = micro.counters();
  const counters = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  return { ...seen, counters };
}

answerQuestions({
  rounds,
  ready: (services) => micro.ready(services).then(() => true),
  up: ({ service }) => micro.instances(service).filter(({ status }) => status === 'UP'),
  memory,
  sockets: () => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length,
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
