// Makes rounds of calls on demand, either by raw undici or through the mesh, and tells the CPU time of each round.
import { createRequire } from 'node:module';

const [, , kind, url] = process.argv;
const IN_FLIGHT = 64;

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
  const micro = expressMicro(app, { serviceName: 'caller', log: false, peers: [url], transport: 'http' });
  app.listen(0, '127.0.0.1');
  await micro.ready({ services: ['order-service'] });
  call = (userId) => micro.services.orderService.getOrders({ userId });
}

async function round(calls) {
  let next = 0;
  const work = async () => {
    while (next < calls) {
      const userId = next++;
      const answer = await call(userId);
      if (answer.userId !== String(userId)) throw new Error(`asked for ${userId}, got ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

/** @param {number} calls */
async function measure(calls) {
  try {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await round(calls);
    process.send?.({ cpu: process.cpuUsage(before), ms: performance.now() - startedAt });
  } catch (error) {
    process.send?.({ error: error.message });
  }
}
process.on('message', ({ calls }) => void measure(calls));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
