// One hop of a chain, by the name SERVICE: it calls NEXT, or is the end of the chain and does what it was told last.
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions } from './questions.mjs';

const { SERVICE, NEXT, PORT } = process.env;
const app = express();
const micro = expressMicro(app, { serviceName: SERVICE, log: false, ...JSON.parse(process.env.OPTIONS ?? '{}') });

let handled = 0;
/** Milliseconds from the deadline of each request until it ended, as this process saw both. */
let overshootsMs = [];

app.use('/task', (req, res, next) => {
  handled += 1;
  const endsAtMs = performance.now() + (req.deadline?.remainingMs ?? Number.NaN);
  res.once('close', () => overshootsMs.push(performance.now() - endsAtMs));
  next();
});

/** What the end of the chain may do with a request. @type {Record<string, import('express').RequestHandler>} */
const ENDS = {
  answers: (_req, res) => void res.json({ by: SERVICE }),
  'answers 503 with Retry-After': (_req, res) => void res.status(503).set('retry-after', '0').end(),
  'answers 503 marked not executed': (_req, res) => void res.status(503).set('express-micro-not-executed', '1').end(),
  'cuts the connection': (req) => void req.socket.destroy(),
  'never answers': () => {},
};
let end = ENDS.answers;

/** A hop in the middle lets a failure be answered by the plugin, as most handlers do. */
const relay = async (_req, res) => void res.json(await micro.services[NEXT].getTask());
const relayLate = async (req, res) => {
  await new Promise((resolve) => req.signal.addEventListener('abort', resolve, { once: true }));
  await micro.services[NEXT].getTask();
  res.json('late');
};
app.get('/task', NEXT === undefined ? (req, res) => end(req, res) : relay);
app.get('/task/late', relayLate);

app.listen(Number(PORT), '127.0.0.1', () => process.send({ question: 0 }));
answerQuestions({
  ready: (wanted) => micro.ready(wanted).then(() => true),
  behave: ({ how }) => {
    end = ENDS[how];
    return end !== undefined;
  },
  seen: () => ({ handled, overshootsMs }),
  forget() {
    handled = 0;
    overshootsMs = [];
  },
  counters: () => micro.counters(),
});
