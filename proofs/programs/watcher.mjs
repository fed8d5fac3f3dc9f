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

answerQuestions({
  up: () => micro.instances().flatMap(({ url, status }) => (status === 'UP' ? url : [])),
  /** What was seen since then. @param {{ epochMs: number }} since */
  changes: ({ epochMs }) => changes.filter((change) => change.epochMs >= epochMs),
  cost() {
    const { user, system } = process.cpuUsage();
    const bytes = [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, closedBytes);
    return { bytes, cpuMs: (user + system) / 1_000, atMs: performance.now() };
  },
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
