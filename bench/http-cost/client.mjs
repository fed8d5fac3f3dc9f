// Posts orders as twenty users who are logged in, and looks at every answer.
import { createRequire } from 'node:module';
import jwt from 'jsonwebtoken';
import { SECRET } from './wiring.mjs';

const url = process.argv[2];
const require = createRequire(createRequire(import.meta.url).resolve('@express-micro/mesh'));
const { Pool } = require('undici');
const pool = new Pool(url, { connections: 128 });
const users = Array.from({ length: 20 }, (_, at) =>
  jwt.sign({ sub: `u${at}`, roles: ['clerk'] }, SECRET, { issuer: 'shop', audience: 'shop', expiresIn: '1h' }),
);

/** @param {number} at */
async function post(at) {
  const { statusCode, body } = await pool.request({
    path: `/users/${at + 1}/orders?dryRun=false`,
    method: 'POST',
    headers: { authorization: `Bearer ${users[at % users.length]}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sku: 'k-1', count: 1 + (at % 99), note: 'leave it at the door', tags: ['a', 'b'] }),
  });
  const answer = await body.json();
  if (statusCode !== 201 || answer.userId !== at + 1 || answer.count !== 1 + (at % 99))
    throw new Error(`${statusCode} ${JSON.stringify(answer)}`);
}

/** @param {number} calls @param {number} inFlight */
async function round(calls, inFlight) {
  try {
    let next = 0;
    const work = async () => {
      while (next < calls) await post(next++);
    };
    await Promise.all(Array.from({ length: inFlight }, work));
    process.send?.({ done: true });
  } catch (error) {
    process.send?.({ error: error.message });
  }
}
process.on('message', ({ calls, inFlight }) => void round(calls, inFlight));
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
