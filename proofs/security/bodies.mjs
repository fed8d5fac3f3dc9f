// Bodies that no member would send, to the two endpoints that take one: nothing may break, and nobody may become a member.
import { connect } from 'node:net';
import { createChance } from './chance.mjs';

/** @typedef {import('./chance.mjs').Chance} Chance */

const ID = 'a'.repeat(32);
const KEYS = [
  'from',
  'members',
  'probe',
  'id',
  'service',
  'url',
  'incarnation',
  'status',
  'routesHash',
  '__proto__',
  'constructor',
  'prototype',
  'x',
  '',
];
const LEAVES = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  'UP',
  ID,
  'http://127.0.0.1:1',
  'http://169.254.169.254',
  'order-service',
  '\u0000',
  '\ud800',
  'x'.repeat(2_000),
];

/** @param {Chance} chance @param {number} depth @returns {string} JSON, keys twice and forbidden ones included, which no object could hold */
function json(chance, depth) {
  if (depth === 0 || chance.isSo(0.3)) return JSON.stringify(chance.oneOf(LEAVES));
  const size = chance.below(5);
  if (chance.isSo(0.4)) return `[${Array.from({ length: size }, () => json(chance, depth - 1)).join(',')}]`;
  return `{${Array.from({ length: size }, () => `${JSON.stringify(chance.oneOf(KEYS))}:${json(chance, depth - 1)}`).join(',')}}`;
}

/** What a member would send, with one thing wrong. @param {Chance} chance */
function nearly(chance) {
  const member = `{"id":"${ID}","service":"order-service","url":"http://127.0.0.1:9","incarnation":0,"status":"ALIVE","routesHash":"${'0'.repeat(64)}","isSigning":false,${JSON.stringify(chance.oneOf(KEYS))}:${json(chance, 3)}}`;
  return chance.isSo(0.5) ? `{"from":${member}}` : `{"members":[${member}],"${chance.oneOf(KEYS)}":${json(chance, 2)}}`;
}

/** @param {Chance} chance */
function body(chance) {
  switch (chance.below(6)) {
    case 0:
      return Buffer.from(json(chance, 6));
    case 1:
      return Buffer.from('['.repeat(chance.below(5_000)));
    case 2:
      return Buffer.from(Array.from({ length: chance.below(200) }, () => chance.below(256)));
    case 3: {
      const text = nearly(chance);
      return Buffer.from(text.slice(0, chance.below(text.length)));
    }
    case 4: {
      const bytes = Buffer.from(nearly(chance));
      bytes[chance.below(bytes.length)] = chance.below(256);
      return bytes;
    }
    default:
      return Buffer.from(nearly(chance));
  }
}

/**
 * @param {{ port: number, bearer: string, count: number, seed: number }} options
 * @returns {Promise<{ sent: number, statuses: Record<string, number> }>}
 */
export async function sendBodies({ port, bearer, count, seed }) {
  const chance = createChance(seed);
  /** @type {Record<string, number>} */
  const statuses = {};
  let sent = 0;
  while (sent < count) {
    const batch = Math.min(500, count - sent);
    for (const status of await sendBatch(
      port,
      bearer,
      Array.from({ length: batch }, () => body(chance)),
      chance,
    )) {
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    sent += batch;
  }
  return { sent, statuses };
}

/** One connection, its requests one behind the other. @param {number} port @param {string} bearer @param {Buffer[]} bodies @param {Chance} chance @returns {Promise<string[]>} */
function sendBatch(port, bearer, bodies, chance) {
  const requests = bodies.map((content) => {
    const path = chance.oneOf(['register', 'ping']);
    const head = `POST /_discovery/${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), content]);
  });
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answers = '';
    let at = 0;
    const next = () => void socket.write(/** @type {Buffer} */ (requests[at++]));
    /** @type {string[]} */
    const statuses = [];
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to request ${at} of a batch within 10 s`)));
    socket.on('data', (chunk) => {
      answers += chunk.toString('latin1');
      const whole = /^HTTP\/1\.1 (\d{3})[\s\S]*?\r\ncontent-length: (\d+)\r\n[\s\S]*?\r\n\r\n/i.exec(answers);
      if (whole === null || answers.length < whole[0].length + Number(whole[2])) return;
      answers = answers.slice(whole[0].length + Number(whole[2]));
      statuses.push(/** @type {string} */ (whole[1]));
      if (at < requests.length && !/\r\nconnection: close\r\n/i.test(whole[0])) next();
      else socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      if (at === requests.length) return resolve(statuses);
      // A refusal ends its connection: the rest goes on another one.
      sendBatch(port, bearer, bodies.slice(at), chance).then((more) => resolve([...statuses, ...more]), reject);
    });
    socket.once('connect', next);
  });
}
