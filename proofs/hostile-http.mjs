// npm run proof:hostile [-- seed]: hostile requests to the shop of examples/http, on each framework.
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atLeast, atMost, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';
import { sendHostile } from './http/send-hostile.mjs';

const seed = Number(process.argv[2] ?? randomInt(2 ** 31));
if (!Number.isInteger(seed) || seed < 0)
  throw new Error(`npm run proof:hostile takes a seed, a whole number; it got ${process.argv[2]}`);
const REQUESTS = 100_000;
const SHOPS = /** @type {const} */ ([
  ['Express 5', 'express'],
  ['Express 4', 'express4'],
  ['Fastify', 'fastify'],
]);

/** @param {Record<string, number>} counts */
const listed = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');

const rows = [];
for (const [name, kind] of SHOPS) {
  const child = fork(fileURLToPath(new URL('./programs/shop.mjs', import.meta.url)), [kind], {
    env: { ...process.env, NODE_ENV: 'production', JWT_SECRET: 'Zk3t-9sXq_vR7uW2yB5nE8hG1jM4pL6d' },
  });
  let ended = 0;
  child.once('exit', () => (ended += 1));
  const [{ port, token }] = await once(child, 'message');
  const told = await sendHostile({
    port,
    token,
    count: REQUESTS,
    seed,
    onProgress: (sent) => progress(`${name}: ${sent} of ${REQUESTS}`),
  });
  child.send({});
  const [{ polluted, unexpected }] = await once(child, 'message');
  rows.push(
    atLeast(
      `${name}: hostile requests answered by the same process`,
      ended > 0 ? 0 : told.answered,
      REQUESTS,
      '',
      `${listed(told.kinds)}; ${listed(told.statuses)}; seed ${seed}`,
    ),
    atMost('the same: answers of 500 and above', told.broken, 0, '', told.first.slice(0, 800)),
    atMost('the same: spoiled tokens answered with anything but 401', told.wrong, 0, '', ''),
    atMost('the same: answers that show a stack, a path or the name of an inner error', told.inside, 0, '', ''),
    atMost('the same: prototypes changed', polluted, 0, '', ''),
    atMost('the same: errors that nobody expected', unexpected, 0, '', ''),
  );
  child.disconnect();
}
report('Proof: hostile requests', `npm run proof:hostile -- ${seed}`, rows);
