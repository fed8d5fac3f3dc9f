import type { ErrorRequestHandler, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { memoryCacheStore, withCache } from '../src/index.ts';
import { EXPRESSES, listen } from './hosts.test-support.ts';

describe.each(EXPRESSES)('withCache around a handler of Express $version', ({ express }) => {
  it('caches what it answers, also by res.json, and hands on how it fails', async () => {
    const app = express();
    let runs = 0;
    app.get(
      '/items/:id',
      withCache(60)((req: Request, res: Response) => void res.json({ id: req.params.id, run: ++runs })),
    );
    app.get(
      '/broken',
      withCache(60)(async () => {
        throw Object.assign(new Error('no tea'), { status: 418 });
      }),
    );
    app.use(((error, _req, res, _next) => void res.status(error.status).end()) as ErrorRequestHandler);
    const url = await listen(app);
    const first = await fetch(`${url}/items/7`);
    const second = await fetch(`${url}/items/7`);
    expect([await first.json(), await second.json()]).toEqual([
      { id: '7', run: 1 },
      { id: '7', run: 1 },
    ]);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await Promise.all([0, 1, 2].map(() => fetch(`${url}/broken`).then(({ status }) => status)))).toEqual([418, 418, 418]);
  });
});

describe('a cache that is set up wrongly', () => {
  it('says what is wrong at start', () => {
    expect(() => withCache(0)).toThrow('it takes seconds, more than 0');
    expect(() => withCache('60' as never)).toThrow('withCache(60)');
    expect(() => withCache(60, { ttl: 5 } as never)).toThrow('Unknown option "ttl"');
    expect(() => withCache(60, { store: new Map([]) as never, vary: ['a b'] })).toThrow('names of headers');
    expect(() => memoryCacheStore({ maxBytes: 1 })).toThrow('it takes bytes from');
  });

  it('holds no more than its bytes', () => {
    const store = memoryCacheStore({ maxBytes: 1_048_576 });
    const entry = {
      kind: 'answer',
      status: 200,
      headers: [],
      body: Buffer.alloc(100_000),
      variesBy: [],
      storedAtMs: 0,
      endsAtMs: 1,
    } as const;
    for (let i = 0; i < 100; i++) void store.set(`key ${i}`, entry, 1);
    const kept = Array.from({ length: 100 }, (_, i) => store.get(`key ${i}`)).filter((found) => found !== undefined);
    expect(kept.length).toBe(10);
  });
});
