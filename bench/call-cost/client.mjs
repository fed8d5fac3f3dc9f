// Makes rounds of calls on demand: by raw undici, or through the mesh over HTTP or over the link. Tells CPU time, duration and the middle call.
import { createRequire } from 'node:module';

const [, , kind, url] = process.argv;

/** @type {(userId: number) => Promise<{ userId: string }>} */
let call;
if (kind === 'undici') {
  // The very undici that the mesh uses, in its usual form.
  const require = createRequire(createRequire(import.meta.url).resolve('@express-micro/mesh'));
  const { Pool } = require('undici');
  const pool = new Pool(url, { connections: 128 });
  call = async (userId) => {
    const { statusCode, body } = await pool.request({ path: `/orders/${userId}`, method: 'GET' });
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return body.json();
  };
} else {
  const { default: express } = await import('express');
  const { default: expressMicro } = await import('express-micro');
  const app = express();
  const transport = kind === 'link' ? 'auto' : 'http';
  const micro = expressMicro(app, { serviceName: 'caller', log: false, peers: [url], transport });
  app.listen(0, '127.0.0.1');
  await micro.ready({ services: ['order-service'] });
  call = (userId) => micro.services.orderService.getOrders({ userId });
  if (kind === 'link') while (micro.counters().attemptsOverLink === 0) await call(1);
}

/** @param {number} calls @param {number} inFlight */
async function round(calls, inFlight) {
  let next = 0;
  /** @type {number[]} */
  const times = [];
  const work = async () => {
    while (next < calls) {
      const userId = next++;
      const startedAt = inFlight === 1 ? performance.now() : 0;
      const answer = await call(userId);
      if (inFlight === 1) times.push(performance.now() - startedAt);
      if (answer.userId !== String(userId)) throw new Error(`asked for ${userId}, got ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** @param {number} calls @param {number} inFlight */
async function measure(calls, inFlight) {
  try {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    const p50 = await round(calls, inFlight);
    process.send?.({ cpu: process.cpuUsage(before), ms: performance.now() - startedAt, p50 });
  } catch (error) {
    process.send?.({ error: error.message });
  }
}
process.on('message', ({ calls, inFlight }) => void measure(calls, inFlight));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
