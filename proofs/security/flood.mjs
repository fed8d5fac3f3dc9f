// Requests without a key, as many as are asked for, over a few connections: what that does to the others.
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const CONNECTIONS = 64;
const REQUEST = 'POST /_discovery/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';

/**
 * In a thread of its own, so that whoever measures beside it measures the app.
 * @param {number} port @param {number} rps @param {number} seconds
 * @returns {Promise<{ sent: number, refused: number, failed: number, rps: number }>}
 */
export function flood(port, rps, seconds) {
  return new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { workerData: { port, rps, seconds } }).once('message', resolve).once('error', reject);
  });
}

/** @param {{ port: number, rps: number, seconds: number }} how */
async function send({ port, rps, seconds }) {
  const startedMs = performance.now();
  const counts = { sent: 0, refused: 0, failed: 0 };
  const isOver = () => performance.now() - startedMs >= seconds * 1_000;
  const asker = async () => {
    let ask = createAsker(port);
    while (!isOver()) {
      if (counts.sent >= ((performance.now() - startedMs) / 1_000) * rps) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      counts.sent += 1;
      try {
        if ((await ask()) === '401') counts.refused += 1;
        else counts.failed += 1;
      } catch {
        counts.failed += 1;
        ask = createAsker(port);
      }
    }
    ask.end();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, asker));
  return { ...counts, rps: (counts.sent / (performance.now() - startedMs)) * 1_000 };
}

/** Asks over one connection, again and again; made anew when the other side ends it. @param {number} port */
function createAsker(port) {
  /** @type {import('node:net').Socket | undefined} */
  let socket;
  const ask = () =>
    /** @type {Promise<string>} */ (
      new Promise((resolve, reject) => {
        if (socket === undefined || socket.destroyed || !socket.writable) {
          socket = connect(port, '127.0.0.1');
          socket.setTimeout(5_000, () => socket?.destroy(new Error('no answer in 5 s')));
        }
        socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
        socket.once('data', (chunk) => resolve(chunk.toString('latin1', 9, 12)));
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('closed')));
        socket.write(REQUEST);
      })
    );
  return Object.assign(ask, { end: () => socket?.destroy() });
}

if (!isMainThread) parentPort?.postMessage(await send(workerData));
