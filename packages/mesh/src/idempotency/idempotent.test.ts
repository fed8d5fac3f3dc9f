import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Clock, silentLog, systemRandom } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { createCounters } from '../counters.ts';
import { createIdempotent } from './idempotent.ts';
import { resolveIdempotencyOptions } from './options.ts';
import type { IdempotencyStore, StoredAnswer } from './store.ts';

function start() {
  const asked: string[] = [];
  let kept: StoredAnswer | undefined;
  let confirm: () => void = () => {};
  let renew: (() => void) | undefined;
  const store: IdempotencyStore = {
    begin: async () => ({ state: 'begun' }),
    renew: async () => void asked.push('renew'),
    complete(_key, _owner, answer) {
      asked.push('complete');
      kept = answer;
      return new Promise((resolve) => {
        confirm = resolve;
      });
    },
    release: async () => void asked.push('release'),
  };
  const clock = {
    every: (ms: number, run: () => void) => {
      expect(ms).toBe(20_000);
      renew = run;
      return {
        stop: () => {
          renew = undefined;
        },
      };
    },
  } as unknown as Clock;
  const surroundings = { clock, random: systemRandom, log: silentLog, counters: createCounters(), caller: () => undefined };
  const middleware = createIdempotent(resolveIdempotencyOptions({}), store, surroundings);
  async function serve(): Promise<ServerResponse> {
    const req = Object.assign(new IncomingMessage(new Socket()), { method: 'POST', url: '/' });
    req.headers = { 'idempotency-key': 'k' };
    const res = new ServerResponse(req);
    await new Promise<void>((resolve, reject) => middleware(req, res, (error) => (error ? reject(error) : resolve())));
    return res;
  }
  return { serve, asked, kept: () => kept, confirm: () => confirm(), renewal: () => renew };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a request that runs under a key', () => {
  it('counts as answered at once, and ends when its answer is kept', async () => {
    const { serve, asked, kept, confirm } = start();
    const res = await serve();
    res.statusCode = 201;
    res.write('one ');
    res.end('two');
    // A handler that fails afterwards changes nothing any more.
    res.statusCode = 500;
    res.end('three');
    await turn();
    expect([res.headersSent, res.writableEnded, asked]).toEqual([true, false, ['complete']]);
    expect([kept()?.status, Buffer.from(kept()?.body ?? []).toString()]).toEqual([201, 'one two']);
    confirm();
    await turn();
    expect([res.writableEnded, asked]).toEqual([true, ['complete']]);
  });

  it('keeps its lease while it runs', async () => {
    const { serve, asked, renewal } = start();
    const res = await serve();
    renewal()?.();
    expect(asked).toEqual(['renew']);
    res.end();
    expect(renewal()).toBeUndefined();
  });

  it('loses its lease when the client has gone, and keeps its answer all the same if there is one', async () => {
    const { serve, asked, renewal } = start();
    const res = await serve();
    res.emit('close');
    expect(renewal()).toBeUndefined();
    res.end('late');
    expect(asked).toEqual(['complete']);
  });

  it.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('and was compressed on its way (%s) is kept as it was before', async (coding, pack) => {
    const { serve, kept, confirm } = start();
    const res = await serve();
    res.writeHead(201, { 'content-type': 'text/plain', 'content-encoding': coding });
    const packed = pack('an answer');
    res.write(packed.subarray(0, 5));
    res.end(packed.subarray(5));
    await turn();
    expect(kept()).toMatchObject({ status: 201, headers: [['content-type', 'text/plain']] });
    expect(Buffer.from(kept()?.body ?? []).toString()).toBe('an answer');
    confirm();
  });

  it('and that is in a coding of which nothing is known here is kept with its name, and not at all where it unpacks to too much', async () => {
    const { serve, kept, confirm, asked } = start();
    const odd = await serve();
    odd.writeHead(200, { 'content-encoding': 'odd' });
    odd.end('as it is');
    await turn();
    expect([kept()?.headers, Buffer.from(kept()?.body ?? []).toString()]).toEqual([[['content-encoding', 'odd']], 'as it is']);
    confirm();
    const large = await serve();
    large.setHeader('content-encoding', 'gzip');
    large.end(gzipSync('0'.repeat(3_000_000)));
    await turn();
    expect(asked).toEqual(['complete', 'release']);
  });
});
