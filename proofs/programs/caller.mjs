// The caller of the proofs: so many calls a second, whatever becomes of them, and a record of what became of each.
import express from 'express';
import expressMicro from 'express-micro';
import { createLatencies } from './latencies.mjs';
import { answerQuestions, memory } from './questions.mjs';

const app = express();
const micro = expressMicro(app, { serviceName: 'caller', log: false, ...JSON.parse(process.env.OPTIONS ?? '{}') });
const orders = micro.services.orderService;
/** Calls are begun in bundles, so often. */
const TICK_MS = 5;
const WINDOW_MS = 250;

let nextId = 0;
/** @type {(() => void) | undefined} */
let stopLoad;

/**
 * Open: `rps` calls a second, however many are under way. Closed: always `inFlight` under way.
 * @param {{ rps?: number, inFlight?: number, seconds: number, posts?: boolean, options?: object }} load
 */
async function run({ rps = 0, inFlight = 0, seconds, posts = false, options }) {
  const startedMs = performance.now();
  const startedEpochMs = Date.now();
  const result = { sent: 0, answered: 0, failed: 0, wrong: 0, failures: {}, postsAnswered: 0, postsFailed: 0, getsFailed: 0 };
  /** @type {{ sent: number, answered: number }[]} by the time at which the call began */
  const windows = [];
  const latencies = createLatencies();
  /** Without the calls of the first second, in which a load is found out. */
  const steady = createLatencies();
  const pids = {};
  const before = micro.counters();
  const underWay = new Set();
  let isOver = false;
  stopLoad = () => {
    isOver = true;
  };

  const one = async (isPost) => {
    const id = String(nextId++);
    const begunMs = performance.now();
    const at = Math.floor((begunMs - startedMs) / WINDOW_MS);
    windows[at] ??= { sent: 0, answered: 0 };
    windows[at].sent += 1;
    result.sent += 1;
    try {
      const answer = isPost ? await orders.createOrder({ id }, options) : await orders.getOrder({ id }, options);
      if (answer?.id !== id) {
        result.wrong += 1;
        return;
      }
      windows[at].answered += 1;
      result.answered += 1;
      if (isPost) result.postsAnswered += 1;
      pids[answer.pid] = (pids[answer.pid] ?? 0) + 1;
      const tookMs = performance.now() - begunMs;
      latencies.add(tookMs);
      if (begunMs - startedMs >= 1_000) steady.add(tookMs);
    } catch (error) {
      result.failed += 1;
      if (isPost) result.postsFailed += 1;
      else result.getsFailed += 1;
      const name = `${isPost ? 'POST' : 'GET'} ${error.code ?? 'no code'} ${error.message}`
        .slice(0, 300)
        .replaceAll(/\d{4,}/g, 'n');
      result.failures[name] = (result.failures[name] ?? 0) + 1;
    }
  };

  let begun = 0;
  const isTime = () => !isOver && performance.now() - startedMs < seconds * 1_000;
  const inTurn = async () => {
    while (isTime()) await one(posts && begun++ % 2 === 1);
  };
  await Promise.all(Array.from({ length: inFlight }, inTurn));
  while (rps > 0 && isTime()) {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * rps);
    for (; begun < due; begun++) {
      const call = one(posts && begun % 2 === 1);
      underWay.add(call);
      void call.finally(() => underWay.delete(call));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const tookS = (performance.now() - startedMs) / 1_000;
  await Promise.all(underWay);
  const [p50, p99] = latencies.quantiles([0.5, 0.99]);
  const [steadyP99] = steady.quantiles([0.99]);
  const after = micro.counters();
  const counted = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  return {
    ...result,
    seconds: tookS,
    startedEpochMs,
    windows,
    windowMs: WINDOW_MS,
    p50,
    p99,
    steadyP99,
    pids,
    counters: counted,
  };
}

answerQuestions({
  load: run,
  stop: () => stopLoad?.(),
  up: () =>
    micro
      .instances('order-service')
      .filter(({ status }) => status === 'UP')
      .map(({ url, id }) => ({ url, id })),
  memory,
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
