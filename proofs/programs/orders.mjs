// order-service of the proofs. Writes down every order that it executes before it answers, so that even a kill -9 hides none.
import { openSync, writeSync } from 'node:fs';
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions, memory } from './questions.mjs';
import { createWork } from './work.mjs';

const file = openSync(process.env.EXECUTIONS, 'a');
const app = express();
const micro = expressMicro(app, {
  serviceName: 'order-service',
  closeOnSigterm: true,
  log: false,
  ...JSON.parse(process.env.OPTIONS ?? '{}'),
});
const work = createWork(process.env.WORK);
let handled = 0;
let isDown = false;
let delayMs = 0;
let connections = 0;
const late = () => new Promise((resolve) => setTimeout(resolve, delayMs));

app.get('/orders/:id', async (req, res) => {
  handled += 1;
  if (isDown) return void res.status(500).json({ error: 'the database is away' });
  await work.do(req);
  if (delayMs > 0) await late();
  res.json({ id: req.params.id, pid: process.pid, note: 'x'.repeat(100) });
});

app.post('/orders', express.json(), async (req, res) => {
  handled += 1;
  writeSync(file, `${req.body.id}\n`);
  await work.do(req);
  res.status(201).json({ id: req.body.id, pid: process.pid });
});

answerQuestions({
  handled: () => handled,
  work: () => work.counts(),
  stall: () => work.stall(),
  resume: () => work.resume(),
  fail: ({ isDown: value }) => {
    isDown = value;
  },
  slow: ({ byMs }) => {
    delayMs = byMs;
  },
  connections: () => connections,
  memory,
  counters: () => micro.counters(),
});
const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
server.on('connection', () => {
  connections += 1;
});
if (process.env.KEEP_ALIVE_MS !== undefined) server.keepAliveTimeout = Number(process.env.KEEP_ALIVE_MS);
