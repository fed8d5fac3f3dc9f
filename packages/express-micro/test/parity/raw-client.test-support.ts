import http from 'node:http';
import net from 'node:net';
import type { Answer, Ask } from './parity.test-support.ts';

/** Nobody waits longer for an answer; it counts as broken. */
const PATIENCE_MS = 1_000;

/** A client of one server that adds nothing of its own but what HTTP needs: `host`, `connection` and the length. */
export function createRawClient(port: number, whenNoted: (name: string) => Promise<void>) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const host = `127.0.0.1:${port}`;

  function request(ask: Ask): Promise<Answer> {
    const { method = 'GET', path, headers = [], body } = ask;
    const fields: string[] = ['host', host, 'connection', 'keep-alive', ...headers.flat()];
    const chunks = Array.isArray(body) ? body : body === undefined ? [] : [body];
    if (!headers.some(([name]) => name.toLowerCase() === 'content-length')) {
      if (Array.isArray(body)) fields.push('transfer-encoding', 'chunked');
      else if (body !== undefined) fields.push('content-length', String(Buffer.byteLength(chunks[0])));
      else if (['POST', 'PUT', 'PATCH', 'PROPFIND'].includes(method)) fields.push('content-length', '0');
    }
    return new Promise((resolve) => {
      const hints: string[] = [];
      const sent = http.request({ host: '127.0.0.1', port, method, path, agent, headers: fields as never });
      let isCancelled = false;
      sent.on('information', ({ statusCode, rawHeaders }) => hints.push([statusCode, ...rawHeaders].join(' ')));
      sent.once('error', () => resolve({ outcome: isCancelled ? 'cancelled' : 'broken', hints }));
      sent.once('response', (response) => {
        const parts: Buffer[] = [];
        const answer = (outcome: Answer['outcome']): Answer => ({
          outcome,
          status: response.statusCode ?? 0,
          statusMessage: response.statusMessage ?? '',
          headers: fieldsOf(response.rawHeaders),
          body: Buffer.concat(parts),
          trailers: response.rawTrailers,
          hints,
        });
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', () => resolve(answer('broken')));
        response.once('end', () => resolve(answer('whole')));
      });
      sent.setTimeout(PATIENCE_MS, () => sent.destroy());
      if (ask.isCancelled) {
        void whenNoted('waiting').then(() => {
          isCancelled = true;
          sent.destroy();
        });
      }
      for (const chunk of chunks) sent.write(chunk);
      sent.end();
    });
  }

  /** What the server says to bytes that no client of HTTP would send, to its last. */
  function converse(ask: Ask): Promise<Answer> {
    return new Promise((resolve) => {
      const parts: Buffer[] = [];
      const socket = net.connect(port, '127.0.0.1', () => socket.write((ask.bytes ?? '').replaceAll('HOST', host), 'latin1'));
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.once('error', () => {});
      socket.setTimeout(PATIENCE_MS, () => socket.destroy());
      socket.once('close', () => {
        const body = Buffer.concat(parts);
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(body.toString('latin1'))?.[1]);
        resolve({
          outcome: 'whole',
          status,
          body: Buffer.from(body.toString('latin1').replaceAll(/^Date: .*\r$/gm, 'Date\r'), 'latin1'),
        });
      });
    });
  }

  return {
    host,
    send: (ask: Ask) => (ask.bytes === undefined ? request(ask) : converse(ask)),
    close: () => agent.destroy(),
  };
}

export function fieldsOf(rawHeaders: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = String(rawHeaders[at]).toLowerCase();
    fields[name] = [...(fields[name] ?? []), String(rawHeaders[at + 1])];
  }
  return fields;
}
