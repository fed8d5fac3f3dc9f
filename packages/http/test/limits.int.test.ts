import { describe, expect, it } from 'vitest';
import { apiLimiter, authLimiter, type HttpRequest, memoryLimitStore, rateLimit } from '../src/index.ts';
import { manualClock, recordedLog } from '../src/manual-clock.test-support.ts';
import { EXPRESSES, HOSTS, listen } from './hosts.test-support.ts';

const ok = (_req: unknown, res: { end(text: string): unknown }) => res.end('ok');
const times = async (count: number, ask: (index: number) => Promise<Response>): Promise<Response[]> => {
  const answers: Response[] = [];
  for (let i = 0; i < count; i++) answers.push(await ask(i));
  return answers;
};
const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status);

describe.each(HOSTS)('limits on $host', ({ serve }) => {
  it('lets 100 requests in 15 minutes pass, says where one stands, and when to come again', async () => {
    const clock = manualClock();
    const url = await serve([apiLimiter({}, clock)], ok);
    const first = await fetch(url);
    expect(first.headers.get('ratelimit-policy')).toBe('"api";q=100;w=900');
    expect(first.headers.get('ratelimit')).toBe('"api";r=99;t=915');
    expect(first.headers.get('x-ratelimit-limit')).toBeNull();
    expect(first.headers.get('retry-after')).toBeNull();
    const more = await times(100, () => fetch(url));
    expect(statuses(more).filter((status) => status === 200)).toHaveLength(99);
    const refused = more.at(-1) as Response;
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('915');
    expect(refused.headers.get('ratelimit')).toBe('"api";r=0;t=915');
    expect(await refused.json()).toEqual({ error: 'Too many requests', code: 'TOO_MANY_REQUESTS' });
    clock.pass(915_000 - 1);
    expect((await fetch(url)).status).toBe(429);
    clock.pass(1);
    expect((await fetch(url)).status).toBe(200);
  });

  it('lets 5 failures in 15 minutes pass where people log in, and successes without end', async () => {
    let status = 200;
    const url = await serve([authLimiter()], (_req, res) => {
      res.statusCode = status;
      res.end();
    });
    expect(new Set(statuses(await times(20, () => fetch(url, { method: 'POST' }))))).toEqual(new Set([200]));
    status = 401;
    expect(statuses(await times(7, () => fetch(url, { method: 'POST' })))).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('lets no more than 5 of a hundred guesses at once through', async () => {
    let guesses = 0;
    const url = await serve([authLimiter()], async (_req, res) => {
      guesses += 1;
      await new Promise((resolve) => setImmediate(resolve));
      res.statusCode = 401;
      res.end();
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(url, { method: 'POST' })));
    expect(guesses).toBe(5);
    expect(statuses(answers).filter((status) => status === 429)).toHaveLength(95);
  });

  it('counts by user, by key and by what a function says, and otherwise by address', async () => {
    const known = (req: HttpRequest, _res: unknown, next: () => void) => {
      const id = req.headers['x-user'];
      if (typeof id === 'string') req.principal = { kind: 'user', id, roles: [], permissions: [] };
      next();
    };
    for (const by of ['user', 'key', (req: HttpRequest) => req.headers['x-tenant'] as string | undefined] as const) {
      const header = by === 'user' ? 'x-user' : by === 'key' ? 'x-api-key' : 'x-tenant';
      const url = await serve([known, rateLimit({ limit: 2, by })], ok);
      const as = (name: string) => fetch(url, { headers: { [header]: name } });
      expect(statuses(await times(3, () => as('ada')))).toEqual([200, 200, 429]);
      expect((await as('grace')).status).toBe(200);
      expect(statuses(await times(3, () => fetch(url)))).toEqual([200, 200, 429]);
    }
  });

  it('tells of several limits at once, and the former headers of the tightest', async () => {
    const store = memoryLimitStore();
    const url = await serve(
      [
        rateLimit({ store, limit: 10, name: 'day', windowMs: 86_400_000, prefix: 'rl:day:', legacyHeaders: true }),
        rateLimit({ store, limit: 100, name: 'hour', windowMs: 3_600_000, prefix: 'rl:hour:', legacyHeaders: true }),
      ],
      ok,
    );
    const { headers } = await fetch(url);
    expect(headers.get('ratelimit-policy')).toBe('"day";q=10;w=86400, "hour";q=100;w=3600');
    expect(headers.get('ratelimit')).toMatch(/^"day";r=9;t=\d+, "hour";r=99;t=\d+$/);
    expect(headers.get('x-ratelimit-limit')).toBe('10');
    expect(headers.get('x-ratelimit-remaining')).toBe('9');
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1_000 + 86_000);
  });

  it('counts who goes away before the answer is out', async () => {
    const waiting: (() => void)[] = [];
    const limiter = authLimiter({ limit: 2 });
    const url = await serve([limiter], (_req, res) => {
      waiting.shift()?.();
      res.on('close', () => waiting.shift()?.());
    });
    for (let i = 0; i < 2; i++) {
      const controller = new AbortController();
      const arrived = new Promise<void>((resolve) => waiting.push(resolve));
      const asked = fetch(url, { signal: controller.signal }).catch(() => {});
      await arrived;
      const closed = new Promise<void>((resolve) => waiting.push(resolve));
      controller.abort();
      await Promise.all([asked, closed]);
    }
    expect((await fetch(url)).status).toBe(429);
    expect(await limiter.status('127.0.0.1')).toMatchObject({ used: 2, isLimited: true });
    await limiter.reset('127.0.0.1');
    expect(await limiter.status('127.0.0.1')).toEqual({ limit: 2, used: 0, remaining: 2, resetMs: 0, isLimited: false });
  });

  it('asks a store whose promises are of another library', async () => {
    const memory = memoryLimitStore();
    const later = <T>(value: T) => {
      // biome-ignore lint/suspicious/noThenProperty: that is what libraries before promises gave
      return { then: (resolve: (value: T) => void) => setImmediate(resolve, value) } as unknown as Promise<T>;
    };
    const store = { ...memory, take: (...args: Parameters<typeof memory.take>) => later(memory.take(...args)) } as typeof memory;
    const url = await serve([rateLimit({ store, limit: 2 })], ok);
    expect(statuses(await times(3, () => fetch(url)))).toEqual([200, 200, 429]);
  });

  it('is no 5xx where a client sends anything as what it is limited by', async () => {
    const body = (req: HttpRequest, _res: unknown, next: () => void) => {
      req.body = JSON.parse(decodeURIComponent(req.url?.split('?')[1] ?? ''));
      next();
    };
    const url = await serve([body, rateLimit({ limit: 100, by: (req) => (req.body as { email: string }).email })], ok);
    for (const email of ['{}', '[]', 'true', 'null', '{"then":1}', '"x"'])
      expect([email, (await fetch(`${url}/?${encodeURIComponent(`{"email":${email}}`)}`)).status]).toEqual([email, 200]);
  });

  it('leaves out what is skipped, and sends no header where none is wanted', async () => {
    const url = await serve([rateLimit({ limit: 1, skip: (req) => req.url === '/health', standardHeaders: false })], ok);
    expect(statuses(await times(3, () => fetch(`${url}/health`)))).toEqual([200, 200, 200]);
    const [first, second] = await times(2, () => fetch(url));
    expect(first?.headers.get('ratelimit')).toBeNull();
    expect(second?.status).toBe(429);
    expect(second?.headers.get('retry-after')).not.toBeNull();
  });
});

describe.each(EXPRESSES)('limits behind proxies, on Express $version', ({ express }) => {
  const ask = (url: string, from: string) => fetch(url, { headers: { 'x-forwarded-for': from } });

  async function serve(trust: unknown) {
    const log = recordedLog();
    const app = express();
    if (trust !== undefined) app.set('trust proxy', trust);
    app.use(rateLimit({ limit: 1, log }), ok);
    return { url: await listen(app), log };
  }

  it('says once that X-Forwarded-For comes while nobody is trusted, and goes by the connection', async () => {
    const { url, log } = await serve(undefined);
    expect(statuses(await times(3, (i) => ask(url, `203.0.113.${i}`)))).toEqual([200, 429, 429]);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain(`app.set('trust proxy', 'loopback')`);
  });

  it('says once that everybody is trusted', async () => {
    const { url, log } = await serve(true);
    await times(3, (i) => ask(url, `203.0.113.${i}`));
    expect(log.lines).toEqual([expect.stringContaining('"trust proxy" is true, so every client writes its own address')]);
  });

  it('goes by what a named proxy says, of IPv6 by the network, and says nothing', async () => {
    const { url, log } = await serve('loopback');
    expect((await ask(url, '203.0.113.1')).status).toBe(200);
    expect((await ask(url, '203.0.113.2')).status).toBe(200);
    expect((await ask(url, '203.0.113.2')).status).toBe(429);
    expect((await ask(url, '2001:db8:0:1::1')).status).toBe(200);
    expect((await ask(url, '2001:db8:0:1:ffff::2')).status).toBe(429);
    expect((await ask(url, '2001:db8:0:2::1')).status).toBe(200);
    expect((await ask(url, '::ffff:203.0.113.1')).status).toBe(429);
    expect(log.lines).toEqual([]);
  });

  it('cannot be told a new address by what is none', async () => {
    const { url } = await serve('loopback');
    expect(statuses(await times(3, (i) => ask(url, `made up ${i}`)))).toEqual([200, 429, 429]);
  });

  it('answers 429 with all its headers where the app has no error handler', async () => {
    const { url } = await serve(undefined);
    const [, refused] = await times(2, () => fetch(url));
    expect(refused?.status).toBe(429);
    expect(refused?.headers.get('retry-after')).toBe('61');
    expect(refused?.headers.get('ratelimit')).toBe('"default";r=0;t=61');
    expect(refused?.headers.get('ratelimit-policy')).toBe('"default";q=1;w=60');
  });
});

describe('a limiter that is set up wrongly', () => {
  it('says what is wrong at start', () => {
    expect(() => apiLimiter({ max: 5 } as never)).toThrow(/Unknown option "max" of apiLimiter\(\)/);
    expect(() => rateLimit({ limit: 0 })).toThrow('it takes requests from 1');
    expect(() => rateLimit({ by: 'session' as never })).toThrow(`it takes 'ip', 'user', 'key'`);
    expect(() => rateLimit({ store: new Map() as never })).toThrow('memoryLimitStore()');
    expect(() => rateLimit({ windowMs: 10 })).toThrow('milliseconds from 1000');
    expect(() => rateLimit({ keyHeader: 'a b' })).toThrow('the name of a header');
  });

  it('refuses a second one under the same prefix of one store, which would count twice', () => {
    const store = memoryLimitStore();
    apiLimiter({ store });
    authLimiter({ store });
    expect(() => rateLimit({ store })).toThrow(/counts under the prefix "rl:".*\{ prefix: 'rl:search:' \}/);
  });
});
