import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, it, vi } from 'vitest';
import { type AnyMiddleware, type CacheEntry, type HttpRequest, memoryCacheStore, withCache } from '../src/index.ts';
import { manualClock, recordedLog } from '../src/manual-clock.test-support.ts';
import { HOSTS } from './hosts.test-support.ts';

const compression = createRequire(import.meta.url)('compression') as (options: { threshold: number }) => AnyMiddleware;

const cacheOf = (answer: Response) => answer.headers.get('x-cache');

/** Answers with how often it ran. */
function counting(answer: (run: number, req: HttpRequest, res: import('node:http').ServerResponse) => unknown) {
  let runs = 0;
  const handler = (req: HttpRequest, res: import('node:http').ServerResponse) => answer(++runs, req, res);
  return { handler, runs: () => runs };
}

/** Lets a test wait until so many requests have come as far as the cache. */
function arrivals() {
  let count = 0;
  const middleware = (_req: unknown, _res: unknown, next: () => void) => {
    count += 1;
    next();
  };
  return {
    middleware,
    reach: (wanted: number) => vi.waitFor(() => expect(count).toBeGreaterThanOrEqual(wanted), { interval: 10 }),
  };
}

const plain = () => counting((run, _req, res) => res.end(`run ${run}`));

describe.each(HOSTS)('withCache on $host', ({ serve }) => {
  it('runs once, and answers the same with its age until the time is over', async () => {
    const clock = manualClock();
    const { handler, runs } = counting((run, _req, res) => {
      res.statusCode = 203;
      res.setHeader('Content-Type', 'text/plain; charset=utf-8');
      res.setHeader('X-Of-Handler', 'yes');
      res.write('ru');
      res.end(Buffer.from(`n ${run}`));
    });
    const url = await serve([withCache(60, {}, clock)], handler);
    const first = await fetch(url);
    expect([first.status, cacheOf(first), await first.text()]).toEqual([203, 'MISS', 'run 1']);
    clock.pass(59_999);
    const second = await fetch(url);
    expect([second.status, cacheOf(second), await second.text()]).toEqual([203, 'HIT', 'run 1']);
    expect(second.headers.get('age')).toBe('59');
    expect(second.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(second.headers.get('x-of-handler')).toBe('yes');
    clock.pass(1);
    expect(await (await fetch(url)).text()).toBe('run 2');
    expect(runs()).toBe(2);
  });

  it('keeps what is asked for apart: path, query, host; and only GET', async () => {
    const { handler, runs } = plain();
    const url = await serve([withCache(60)], handler);
    for (const path of ['/a', '/b', '/a?x=1', '/a?x=2']) await fetch(url + path);
    expect(runs()).toBe(4);
    for (let i = 0; i < 2; i++) await request(`${url}/a`, { headers: { host: 'elsewhere' } }).then(({ body }) => body.text());
    expect(runs()).toBe(5);
    for (const method of ['POST', 'PUT', 'DELETE']) await fetch(`${url}/a`, { method });
    expect(runs()).toBe(8);
  });

  it('answers HEAD from what GET has left, and keeps nothing of HEAD itself', async () => {
    const { handler, runs } = plain();
    const url = await serve([withCache(60)], handler);
    await fetch(url, { method: 'HEAD' });
    expect(cacheOf(await fetch(url))).toBe('MISS');
    const head = await fetch(url, { method: 'HEAD' });
    expect([cacheOf(head), head.headers.get('content-length'), await head.text()]).toEqual(['HIT', '5', '']);
    expect(runs()).toBe(2);
  });

  it('runs one handler for a hundred requests at once', async () => {
    const { handler, runs } = counting(async (run, _req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      res.end(`run ${run}`);
    });
    const url = await serve([withCache(60)], handler);
    const texts = await Promise.all(Array.from({ length: 100 }, () => fetch(url).then((answer) => answer.text())));
    expect(new Set(texts)).toEqual(new Set(['run 1']));
    expect(runs()).toBe(1);
  });

  it('does not lose those who wait when the run fails, or its client goes away', async () => {
    let fail = (): void => {};
    const { handler, runs } = counting(async (run, _req, res) => {
      if (run > 1) return res.end('well');
      await new Promise<void>((resolve) => (fail = resolve));
      res.statusCode = 500;
      res.end('broken');
    });
    const arrived = arrivals();
    const url = await serve([arrived.middleware, withCache(60)], handler);
    const answers = Array.from({ length: 10 }, () => fetch(url).then((answer) => answer.text()));
    await arrived.reach(10);
    fail();
    expect((await Promise.all(answers)).sort()).toEqual(['broken', ...Array(9).fill('well')]);
    expect(runs()).toBe(2);

    const { handler: slow, runs: slowRuns } = counting((run, _req, res) => (run > 1 ? res.end('well') : undefined));
    const slowArrived = arrivals();
    const slowUrl = await serve([slowArrived.middleware, withCache(60)], slow);
    const controller = new AbortController();
    const leading = fetch(slowUrl, { signal: controller.signal }).catch(() => 'gone');
    await vi.waitFor(() => expect(slowRuns()).toBe(1));
    const others = Array.from({ length: 5 }, () => fetch(slowUrl).then((answer) => answer.text()));
    await slowArrived.reach(6);
    controller.abort();
    expect(await leading).toBe('gone');
    expect(await Promise.all(others)).toEqual(Array(5).fill('well'));
    expect(slowRuns()).toBe(2);
  });

  it('never gives one caller what was made for another', async () => {
    const known = (req: HttpRequest, _res: unknown, next: () => void) => {
      const id = req.headers['x-user'];
      if (typeof id === 'string') req.principal = { kind: 'user', id, roles: [], permissions: [] };
      next();
    };
    const { handler } = counting((_run, req, res) =>
      res.end(
        `for ${req.principal?.id ?? req.headers.authorization ?? req.headers.cookie ?? req.headers['x-api-key'] ?? 'nobody'}`,
      ),
    );
    const url = await serve([known, withCache(60)], handler);
    const people = ['x-user', 'authorization', 'cookie', 'x-api-key'].flatMap((header) =>
      ['ada', 'grace', 'nobody'].map((name) => ({ [header]: name })),
    );
    const rounds = await Promise.all(
      [...people, {}, ...people, {}, ...people].map(async (headers) => {
        const answer = await fetch(url, { headers: headers as Record<string, string> });
        return [await answer.text(), `for ${Object.values(headers)[0] ?? 'nobody'}`];
      }),
    );
    for (const [got, wanted] of rounds) expect(got).toBe(wanted);
  });

  it('keeps nothing where who calls is found out behind it, and says so', async () => {
    const log = recordedLog();
    const late = (req: HttpRequest, _res: unknown, next: () => void) => {
      req.principal = { kind: 'user', id: req.headers['x-user'] as string, roles: [], permissions: [] };
      next();
    };
    const { handler } = counting((_run, req, res) => res.end(req.principal?.id));
    const url = await serve([withCache(60, { log }), late], handler);
    const as = (user: string) => fetch(url, { headers: { 'x-user': user } }).then((answer) => answer.text());
    expect(await Promise.all([as('ada'), as('grace'), as('ada')])).toEqual(['ada', 'grace', 'ada']);
    expect(await as('grace')).toBe('grace');
    expect(log.lines).toEqual([expect.stringContaining('withCache() stands in front of what finds out who calls')]);
  });

  it.each([
    ['Cache-Control', 'private'],
    ['Cache-Control', 'no-store'],
    ['Set-Cookie', 'session=1'],
    ['Vary', '*'],
  ])('keeps no answer with %s: %s', async (name, value) => {
    const { handler, runs } = counting((run, _req, res) => {
      res.setHeader(name, value);
      res.end(`run ${run}`);
    });
    const url = await serve([withCache(60)], handler);
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(url).then((answer) => answer.text())));
    expect(new Set(answers).size).toBe(5);
    expect(runs()).toBe(5);
  });

  it('keeps neither failures nor what is not there, unless that says for how long', async () => {
    const { handler, runs } = counting((_run, req, res) => {
      res.statusCode = Number(req.url?.slice(1, 4));
      if (req.url?.endsWith('!')) res.setHeader('Cache-Control', 'max-age=5');
      res.end();
    });
    const url = await serve([withCache(60)], handler);
    for (const path of ['/500', '/404', '/503!']) for (let i = 0; i < 2; i++) await fetch(url + path);
    expect(runs()).toBe(6);
    for (let i = 0; i < 2; i++) await fetch(`${url}/404!`);
    expect(runs()).toBe(7);
  });

  it('does as the client says', async () => {
    const clock = manualClock();
    const { handler, runs } = plain();
    const url = await serve([withCache(60, {}, clock)], handler);
    const ask = (cacheControl: string) => fetch(url, { headers: { 'cache-control': cacheControl } });
    expect((await ask('only-if-cached')).status).toBe(504);
    expect(await (await ask('no-store')).text()).toBe('run 1');
    expect(await (await fetch(url)).text()).toBe('run 2');
    expect(await (await ask('no-cache')).text()).toBe('run 3');
    expect(await (await fetch(url)).text()).toBe('run 3');
    clock.pass(10_000);
    expect(await (await ask('max-age=10')).text()).toBe('run 3');
    expect(await (await ask('max-age=9')).text()).toBe('run 4');
    await fetch(url, { headers: { range: 'bytes=0-1' } });
    expect(runs()).toBe(5);
  });

  it('keeps one entry for each value of what an answer varies by', async () => {
    const arrived = arrivals();
    const { handler, runs } = counting(async (_run, req, res) => {
      // All four are there before the first is answered.
      await arrived.reach(4);
      res.setHeader('Vary', 'Accept-Language');
      res.end(`in ${req.headers['accept-language']}`);
    });
    const url = await serve([arrived.middleware, withCache(60)], handler);
    const inLanguage = (language: string) =>
      fetch(url, { headers: { 'accept-language': language } }).then((answer) => answer.text());
    expect(await Promise.all(['de', 'fr', 'de', 'fr'].map(inLanguage))).toEqual(['in de', 'in fr', 'in de', 'in fr']);
    expect(await Promise.all(['de', 'fr'].map(inLanguage))).toEqual(['in de', 'in fr']);
    expect(runs()).toBeLessThanOrEqual(4);
    const before = runs();
    await Promise.all(['de', 'fr', 'de'].map(inLanguage));
    expect(runs()).toBe(before);
  });

  it('answers 304 to who has it already, also where the handler gave no ETag', async () => {
    for (const tag of [undefined, '"own"']) {
      const { handler, runs } = counting((_run, _req, res) => {
        if (tag !== undefined) res.setHeader('ETag', tag);
        res.setHeader('Content-Type', 'text/plain');
        res.end('same');
      });
      const url = await serve([withCache(60)], handler);
      // Not `fetch`, which adds `no-cache` to a condition.
      const ask = async (ifNoneMatch?: string) => {
        const { statusCode, headers, body } = await request(url, {
          headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch },
        });
        return { statusCode, headers, text: await body.text() };
      };
      // What is kept has to be whole, whatever the first one has.
      expect(await ask('*')).toMatchObject({ statusCode: 200, text: 'same' });
      const etag = String((await ask()).headers.etag);
      if (tag !== undefined) expect(etag).toBe(tag);
      const known = await ask(`"x", ${etag}`);
      expect(known).toMatchObject({ statusCode: 304, text: '', headers: { etag, 'x-cache': 'HIT' } });
      expect(known.headers['content-type']).toBeUndefined();
      expect((await ask('"x"')).statusCode).toBe(200);
      expect(runs()).toBe(1);
    }
  });

  it('lets bodies that are too large, and streams of events, pass uncached and unhindered', async () => {
    const { handler, runs } = counting(async (_run, req, res) => {
      if (req.url === '/events') {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write('data: 1\n\n');
        return;
      }
      await pipe(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(1_024, 'x'))), res);
    });
    const url = await serve([withCache(60, { maxBodyBytes: 10_000 })], handler);
    const sizes = await Promise.all(
      Array.from({ length: 3 }, async () => (await (await fetch(`${url}/large`)).arrayBuffer()).byteLength),
    );
    expect(sizes).toEqual([65_536, 65_536, 65_536]);
    expect(runs()).toBe(3);
    const controller = new AbortController();
    const streams = await Promise.all([0, 1].map(() => fetch(`${url}/events`, { signal: controller.signal })));
    for (const { body } of streams)
      expect(Buffer.from((await body?.getReader().read())?.value ?? []).toString()).toBe('data: 1\n\n');
    controller.abort();
    expect(runs()).toBe(5);
  });

  it('leaves to each request what is its own', async () => {
    let ids = 0;
    const own = (_req: unknown, res: import('node:http').ServerResponse, next: () => void) => {
      res.setHeader('X-Request-Id', `id-${++ids}`);
      res.setHeader('Access-Control-Allow-Origin', `https://${ids}.example`);
      next();
    };
    const url = await serve([own, withCache(60)], plain().handler);
    const ask = async () => {
      const { headers } = await fetch(url);
      return [headers.get('x-request-id'), headers.get('access-control-allow-origin')];
    };
    expect(await ask()).toEqual(['id-1', 'https://1.example']);
    expect(await ask()).toEqual(['id-2', 'https://2.example']);
  });

  it('works with compression in front of it and behind it', async () => {
    const text = 'long '.repeat(1_000);
    const squeeze = compression({ threshold: 0 });
    for (const order of ['in front', 'behind']) {
      const { handler, runs } = counting((_run, _req, res) => {
        res.setHeader('Content-Type', 'text/plain');
        res.end(text);
      });
      const url = await serve(order === 'in front' ? [squeeze, withCache(60)] : [withCache(60), squeeze], handler);
      for (const encoding of ['gzip', 'identity', 'gzip', 'identity']) {
        const { headers, body } = await request(url, { headers: { 'accept-encoding': encoding } });
        const bytes = Buffer.from(await body.arrayBuffer());
        expect(headers['content-encoding'] ?? 'identity').toBe(encoding);
        expect((encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()).toBe(text);
      }
      expect(runs()).toBe(order === 'in front' ? 1 : 2);
    }
  });

  it('goes on without a store that fails or hangs, and says so once', async () => {
    const log = recordedLog();
    let mode: 'fails' | 'hangs' | 'works' = 'fails';
    const inner = memoryCacheStore();
    const ask = <T>(work: () => T) =>
      mode === 'works' ? work() : mode === 'fails' ? Promise.reject(new Error('gone')) : new Promise<never>(() => {});
    const store = {
      get: (key: string) => ask(() => inner.get(key)) as Promise<CacheEntry | undefined>,
      set: (key: string, entry: CacheEntry, ttlMs: number) => ask(() => inner.set(key, entry, ttlMs)) as Promise<void>,
      delete: (key: string) => inner.delete(key),
    };
    const { handler, runs } = plain();
    const url = await serve([withCache(60, { store, storeTimeoutMs: 20, log })], handler);
    for (let i = 0; i < 3; i++) expect((await fetch(url)).status).toBe(200);
    expect(log.lines).toEqual([expect.stringContaining('warn: the store of a cache fails: gone')]);
    for (const next of ['hangs', 'works'] as const) {
      mode = next;
      expect((await fetch(url)).status).toBe(200);
    }
    expect(cacheOf(await fetch(url))).toBe('HIT');
    expect(runs()).toBe(5);
    expect(log.lines).toContain('info: the store of a cache works again');
  });

  it('forgets when it is told to', async () => {
    const cached = withCache(60);
    const { handler, runs } = plain();
    const url = await serve([cached], handler);
    await fetch(url);
    cached.clear();
    await fetch(url);
    expect(runs()).toBe(2);
  });
});
