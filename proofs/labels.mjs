// npm run proof:labels: a million addresses that nobody has asked for before; metrics and the heap stay as large as they were.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { atLeast, atMost, forComparison, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';

const REQUESTS = 1_000_000;
/** What every kind of route and status has filled by then is the app's own size. */
const WARM_UP = 100_000;
const CONNECTIONS = 16;
/** Requests that are written at once, one behind another: with more of them Express itself warns of its own listeners. */
const AT_ONCE = 8;

const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'REPORT', 'PURGE', 'OPTIONS'];
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~%41%c3%a9';

let state = 20_260_101;
/** The same addresses in every run (mulberry32). */
function chance() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (/** @type {number} */ limit) => Math.floor(chance() * limit);

function word() {
  let text = below(1e9).toString(36);
  for (let left = below(12); left > 0; left--) text += LETTERS[below(62)];
  return text;
}
/** Paths are taken in any case, and arrive as they were sent. @param {string} path */
const anyCase = (path) => [...path].map((letter) => (chance() < 0.5 ? letter.toUpperCase() : letter.toLowerCase())).join('');

const SHAPES = [
  () => `/${word()}`,
  () => `/${word()}/${word()}/${word()}?${word()}=${word()}`,
  () => `/users/${word()}`,
  () => `${anyCase('/shops')}/${word()}${anyCase('/orders')}/${word()}`,
  () => `/v${below(1e9)}/${word()}`,
  () => `${anyCase('/admin')}/${word()}/${word()}`,
  () => `/files/${word()}/${word()}`,
  () => `/status/${below(1e9)}`,
  () => `/${'x'.repeat(below(2_000))}${word()}`,
  () => `//${word()}/%2e%2e/${word()}`,
];

function request() {
  const method = METHODS[below(METHODS.length)] ?? 'GET';
  const path = (SHAPES[below(SHAPES.length)] ?? word)();
  return `${method} ${path} HTTP/1.1\r\nhost: a\r\nuser-agent: ${word()}\r\ncontent-length: 0\r\n\r\n`;
}

/** Sends so many requests over one connection, and resolves when all are answered. @param {number} port @param {number} count */
async function send(port, count) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answered = 0;
  let sent = 0;
  let rest = '';
  await new Promise((resolve, reject) => {
    const more = () => {
      const batch = Math.min(AT_ONCE, count - sent);
      sent += batch;
      socket.write(Array.from({ length: batch }, request).join(''), 'latin1');
    };
    socket.setEncoding('latin1').on('data', (/** @type {string} */ text) => {
      const seen = (rest + text).split('HTTP/1.1 ');
      answered += seen.length - 1;
      rest = (seen.at(-1) ?? '').slice(-8);
      if (answered === count) resolve(undefined);
      else if (answered === sent) more();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the connection ended after ${answered} of ${count} answers`)));
    more();
  }).finally(() =>
    socket
      .removeAllListeners('close')
      .on('error', () => {})
      .destroy(),
  );
}

const program = fork(new URL('./programs/labelled.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
try {
  const [{ port }] = await once(program, 'message');
  const look = async () => {
    program.send('look');
    return (await once(program, 'message'))[0];
  };
  const load = async (/** @type {number} */ count) => {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => send(port, count / CONNECTIONS)));
  };
  await load(WARM_UP);
  const before = await look();
  const startedMs = performance.now();
  const parts = 9;
  for (let part = 1; part <= parts; part++) {
    await load((REQUESTS - WARM_UP) / parts);
    progress(`${(WARM_UP + ((REQUESTS - WARM_UP) * part) / parts).toLocaleString('en')} addresses`);
  }
  const after = await look();
  const rate = (REQUESTS - WARM_UP) / ((performance.now() - startedMs) / 1_000);
  report('Proof: labels', 'npm run proof:labels', [
    atLeast('requests that were counted', after.total, REQUESTS, '', `${rate.toFixed(0)} a second`),
    atMost(
      'series more after them',
      after.series - before.series,
      0,
      '',
      `${before.series} → ${after.series}, two metrics of the app that take the address as a label included`,
    ),
    atMost(
      'heap more after them',
      after.heapMb - before.heapMb,
      3,
      'MB',
      `${before.heapMb.toFixed(1)} → ${after.heapMb.toFixed(1)} MB, collected`,
    ),
    forComparison('page', after.pageKb, 'kB', `${after.requests} combinations of route, method and status`),
  ]);
} finally {
  program.kill('SIGKILL');
}
