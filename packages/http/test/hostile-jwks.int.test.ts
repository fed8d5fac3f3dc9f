import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokens } from '../src/index.ts';
import { RSA, usual } from './token-attacks.test-support.ts';

const GIGABYTE = 1_000_000_000;
let asked = 0;
let sentBytes = 0;
let gone = 0;
let act: (res: ServerResponse) => void;
const server = createServer((_req, res) => {
  asked += 1;
  res.once('close', () => (gone += 1));
  act(res);
});
let jwksUrl = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const issuer = createTokens({ ...usual, key: RSA.privateKey });

/** As much as is taken, up to a gigabyte. */
function pour(res: ServerResponse): void {
  const part = Buffer.alloc(65_536, ' ');
  const more = (): void => {
    while (sentBytes < GIGABYTE && !res.destroyed) {
      sentBytes += part.length;
      if (!res.write(part)) return void res.once('drain', more);
    }
  };
  more();
}

const BOMB = gzipSync(Buffer.alloc(100_000_000, ' '));
const HOSTILE: readonly (readonly [string, (res: ServerResponse) => void])[] = [
  ['never answers', () => {}],
  ['stops in the middle', (res) => res.write('{"keys":[')],
  ['sends a gigabyte', pour],
  ['sends what becomes a hundred megabytes', (res) => res.setHeader('content-encoding', 'gzip').end(BOMB)],
  ['goes away', (res) => res.write('{"keys"', () => res.destroy())],
  ['sends a header without end', (res) => res.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}`)],
  ['sends what is deep', (res) => res.end('['.repeat(200_000))],
  ['sends noise', (res) => res.end(Buffer.from([0, 255, 254, 13, 10, 0]))],
];

describe('a publisher of keys that', () => {
  it.each(HOSTILE)('%s is asked once for two hundred requests, given up in time, and costs no memory', async (_what, hostile) => {
    act = hostile;
    [asked, sentBytes, gone] = [0, 0, 0];
    const tokens = createTokens({ ...usual, jwksUrl, jwks: { timeoutMs: 300 }, log: false });
    const token = await issuer.issue({ sub: '42' });
    const statusOf = () => tokens.verify(token).then(String, ({ status }: { status: number }) => status);
    const all = await Promise.all(Array.from({ length: 200 }, statusOf));
    expect([new Set(all), asked]).toEqual([new Set([503]), 1]);
    expect(await statusOf()).toBe(503);
    expect(sentBytes).toBeLessThan(GIGABYTE / 10);
    await expect.poll(() => gone).toBe(asked);
  });
});
