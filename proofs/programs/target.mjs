// What the proofs of security aim at: routes beside each other that must not be taken for one another, and a guarded one.
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions, memory } from './questions.mjs';

const app = express();
const micro = expressMicro(app, { serviceName: 'target', log: false, ...JSON.parse(process.env.OPTIONS ?? '{}') });
const reached = { item: 0, other: 0, guarded: 0 };

app.get('/items/:id', (req, res) => {
  reached.item += 1;
  res.json({ id: req.params.id });
});
for (const path of ['/items/:id/secret', '/items', '/secret/:id', '/:first/:second/:third']) {
  app.get(path, (_req, res) => {
    reached.other += 1;
    res.json({ other: path });
  });
}
app.post('/echo', express.text({ type: '*/*' }), (req, res) => void res.json({ got: req.body }));
app.get('/guarded', micro.internal(), (_req, res) => {
  reached.guarded += 1;
  res.json({});
});

answerQuestions({
  reached: () => ({ ...reached }),
  polluted: () => Object.keys(Object.getPrototypeOf({})).length > 0 || {}.polluted !== undefined,
  memory: () => ({ ...memory(), rssMb: process.memoryUsage().rss / 1_048_576 }),
  counters: () => micro.counters(),
  members: () => micro.instances().map(({ service, url, status }) => ({ service, url, status })),
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
