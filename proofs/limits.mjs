// npm run proof:limits: a thousand requests at once to two processes whose limits are in one Redis; and a million addresses that come
// once, while one of them attacks, in the memory of one process.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { memoryLimitStore } from '@express-micro/http';
import { Agent, request } from 'undici';
import { atLeast, atMost, forComparison, notRun, report } from '../bench/report.mjs';
import { freePort, progress, until } from './fleet.mjs';

const AT_ONCE = 1_000;
const ROUNDS = 10;
const API_LIMIT = 100;
const AUTH_LIMIT = 5;
const ADDRESSES = 1_000_000;

/** @typedef {import('../bench/report.mjs').Row} Row */
/** Both sides of a target that has to be hit. @param {string} name @param {readonly number[]} values @param {number} target @param {string} note @returns {Row[]} */
const exactly = (name, values, target, note) => [
  atMost(`${name}, the most of ${values.length} rounds`, Math.max(...values), target, '', note),
  atLeast(`${name}, the least`, Math.min(...values), target, ''),
];

/** Resolves when somebody listens there. @param {number} port */
async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A thousand requests in the same moment, half of them to each. @param {readonly string[]} urls @param {Record<string, string>} headers @param {'GET' | 'POST'} method */
async function together(urls, headers, method) {
  const dispatcher = new Agent({ connections: AT_ONCE });
  const statuses = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, at) => {
      const { statusCode, body } = await request(/** @type {string} */ (urls[at % urls.length]), { method, headers, dispatcher });
      await body.dump();
      return statusCode;
    }),
  );
  await dispatcher.destroy();
  return (/** @type {number} */ status) => statuses.filter((one) => one === status).length;
}

/** @returns {Promise<Row[]>} */
async function overRedis() {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-limits-'));
  const redisPort = await freePort();
  const redis = spawn('redis-server', ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''], {
    stdio: 'ignore',
  });
  const isMissing = new Promise((resolve) => {
    redis.once('error', () => resolve(true));
    redis.once('spawn', () => resolve(false));
  });
  if (await isMissing) {
    rmSync(folder, { recursive: true });
    return [notRun(`let through of ${AT_ONCE} at once`, '≤', API_LIMIT, '', 'there is no redis-server: test/engines/install')];
  }
  /** @type {import('node:child_process').ChildProcess[]} */
  const servers = [];
  try {
    await until('Redis listens', () => answers(redisPort));
    const program = new URL('./programs/limited.mjs', import.meta.url);
    for (const kind of ['redis', 'ioredis']) servers.push(fork(program, [kind, `${redisPort}`]));
    const ports = await Promise.all(servers.map(async (server) => (await once(server, 'message'))[0].port));
    const urls = (/** @type {string} */ path) => ports.map((port) => `http://127.0.0.1:${port}${path}`);
    /** @type {number[]} */
    const passed = [];
    /** @type {number[]} */
    const refused = [];
    /** @type {number[]} */
    const guessed = [];
    /** @type {number[]} */
    const mixed = [];
    const startedMs = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const count = await together(urls('/api'), { 'x-round': `api ${round}` }, 'GET');
      passed.push(count(200));
      refused.push(count(429));
    }
    const rate = (ROUNDS * AT_ONCE) / ((performance.now() - startedMs) / 1_000);
    progress('one limit for two processes');
    for (let round = 0; round < ROUNDS; round++) {
      const count = await together(urls('/login'), { 'x-round': `guess ${round}` }, 'POST');
      guessed.push(count(401));
      // Those who know the password are not counted: a hundred, one after the other, and then all failures still fit.
      for (let at = 0; at < 100; at++) {
        const answer = await request(/** @type {string} */ (urls('/login')[at % 2]), {
          method: 'POST',
          headers: { 'x-round': `known ${round}`, 'x-password': 'right' },
        });
        await answer.body.dump();
        if (answer.statusCode !== 200) throw new Error(`a login that was right got ${answer.statusCode}`);
      }
      // Taking back is a step by itself, behind the answer.
      await until('all of them are taken back', async () => {
        const { body } = await request(/** @type {string} */ (urls('/login')[0]), { headers: { 'x-round': `known ${round}` } });
        return /** @type {{ used: number }} */ (await body.json()).used === 0;
      });
      const after = await together(urls('/login'), { 'x-round': `known ${round}` }, 'POST');
      mixed.push(after(401));
    }
    progress('failures only');
    return [
      ...exactly(
        `let through of ${AT_ONCE} at once`,
        passed,
        API_LIMIT,
        'apiLimiter, two processes (redis and ioredis), one Redis',
      ),
      ...exactly('refused with 429', refused, AT_ONCE - API_LIMIT, 'nobody fails in another way'),
      ...exactly(
        `wrong passwords tried of ${AT_ONCE} at once`,
        guessed,
        AUTH_LIMIT,
        'authLimiter: each counts until its answer is out',
      ),
      ...exactly('the same after 100 right ones', mixed, AUTH_LIMIT, 'what succeeded was taken back, all of it'),
      forComparison('requests', rate, 'a second', 'two servers, Redis and the client on this machine, a connection a request'),
    ];
  } finally {
    for (const server of servers) server.kill('SIGKILL');
    redis.kill('SIGKILL');
    await once(redis, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Row[]} */
function inMemory() {
  const rule = { limit: AUTH_LIMIT, slotMs: 15_000 };
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const store = memoryLimitStore();
  const take = (/** @type {string} */ key) =>
    /** @type {import('@express-micro/http').Taken} */ (store.take(key, rule)).isAllowed;
  let passed = 0;
  for (let at = 0; at < AUTH_LIMIT; at++) take('attacker');
  const startedMs = performance.now();
  for (let at = 0; at < ADDRESSES; at++) {
    take(`ip:2001:db8:${(at >>> 16).toString(16)}:${(at & 0xffff).toString(16)}/64`);
    if (at % 1_000 === 0 && take('attacker')) passed += 1;
  }
  const nanoseconds = ((performance.now() - startedMs) * 1e6) / ADDRESSES;
  globalThis.gc?.();
  const megabytes = (process.memoryUsage().heapUsed - before) / 1_048_576;
  take('attacker');
  return [
    atMost('who is at the limit, let through while a million others come once', passed, 0, '', '1,000 tries'),
    atMost('heap for a million addresses', megabytes, 40, 'MB', '100,000 are remembered at once'),
    forComparison('one of them', nanoseconds, 'ns'),
  ];
}

report('Proof: limits', 'npm run proof:limits', [...(await overRedis()), ...inMemory()]);
