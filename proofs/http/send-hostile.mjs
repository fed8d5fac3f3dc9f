import http from 'node:http';
import { createChance } from '../security/chance.mjs';
import { hostileRequest } from './hostile-requests.mjs';

/** What only a stack, a path of this machine or an inner error looks like. */
const INSIDE = /\n\s+at |node_modules|\.[cm]?[jt]s:\d+|file:\/\/|TypeError|RangeError|ReferenceError/;

/**
 * @param {{ port: number, token: string, count: number, seed: number, onProgress: (sent: number) => void }} options
 */
export async function sendHostile({ port, token, count, seed, onProgress }) {
  const chance = createChance(seed);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  /** @type {Record<string, number>} */
  const statuses = {};
  /** @type {Record<string, number>} */
  const kinds = {};
  const seen = { answered: 0, broken: 0, wrong: 0, inside: 0, first: '' };
  let sent = 0;
  const work = async () => {
    while (sent < count) {
      sent += 1;
      if (sent % 20_000 === 0) onProgress(sent);
      const request = hostileRequest(chance, token);
      const { status, text } = await send(agent, port, request);
      seen.answered += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
      kinds[request.kind] = (kinds[request.kind] ?? 0) + 1;
      const isBroken = status >= 500;
      const isWrong = request.status !== undefined && status !== request.status;
      const isInside = INSIDE.test(text);
      seen.broken += Number(isBroken);
      seen.wrong += Number(isWrong);
      seen.inside += Number(isInside);
      if ((isBroken || isWrong || isInside) && seen.first === '') {
        seen.first = `first: ${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 600)} ${JSON.stringify(request.body?.toString('latin1').slice(0, 300) ?? '')} → ${status} ${text.slice(0, 300)}`;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  agent.destroy();
  return { ...seen, statuses, kinds };
}

/** @param {http.Agent} agent @param {number} port @param {import('./hostile-requests.mjs').Hostile} hostile @returns {Promise<{ status: number, text: string }>} */
function send(agent, port, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const req = http.request({ agent, host: '127.0.0.1', port, method, path, headers: { ...headers, ...length } }, (res) => {
      let text = '';
      res.setEncoding('latin1');
      res.on('data', (chunk) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text }));
      res.on('error', reject);
    });
    req.setTimeout(10_000, () => req.destroy(new Error(`no answer within 10 s to ${method} ${path}`)));
    req.on('error', (error) => {
      // A server that refuses a body early may close before all of it is sent: its answer was there, or it is asked again.
      if (
        /** @type {NodeJS.ErrnoException} */ (error).code === 'ECONNRESET' ||
        /** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE'
      ) {
        send(agent, port, { kind: 'body', method, path, headers, ...(body === undefined ? {} : { body }) }).then(resolve, reject);
      } else reject(error);
    });
    req.end(body);
  });
}
