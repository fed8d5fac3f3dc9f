// A member of a large fleet that does nothing but watch: what it saw of whom and when, and what that cost.
import { subscribe } from 'node:diagnostics_channel';
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions } from './questions.mjs';

/** @type {Set<import('node:net').Socket>} */
const sockets = new Set();
let closedBytes = 0;
for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, (message) => {
    const { socket } = /** @type {{ socket: import('node:net').Socket }} */ (message);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closedBytes += socket.bytesWritten;
    });
  });
}

const app = express();
const micro = expressMicro(app, { serviceName: 'watcher', closeOnSigterm: true, log: false });
app.get('/pens', (_req, res) => res.json([]));
/** @type {{ url: string, status: string, epochMs: number }[]} */
const changes = [];
micro.on('change', ({ url, status }) => changes.push({ url, status, epochMs: Date.now() }));

/**
 * Whom the protocol holds for present. Not the same as `up`: where a large part of the fleet falls silent at once, its dead stay
 * callable. Asked as an operator may ask: whoever claims to know nobody is told all.
 */
async function present() {
  const answer = await fetch(`${here}/_discovery/register`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.EXPRESS_DISCOVERY_KEY}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const { members } = /** @type {{ members: { url: string }[] }} */ (await answer.json());
  return members.map(({ url }) => url);
}
const here = `http://${process.env.HOST}:${process.env.PORT}`;

answerQuestions({
  present,
  up: () => micro.instances().flatMap(({ url, status }) => (status === 'UP' ? url : [])),
  /** What was seen since then. @param {{ epochMs: number }} since */
  changes: ({ epochMs }) => changes.filter((change) => change.epochMs >= epochMs),
  cost() {
    const { user, system } = process.cpuUsage();
    const bytes = [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, closedBytes);
    return { bytes, cpuMs: (user + system) / 1_000, atMs: performance.now() };
  },
});
app.listen(Number(process.env.PORT), process.env.HOST, () => process.send({ question: 0 }));
