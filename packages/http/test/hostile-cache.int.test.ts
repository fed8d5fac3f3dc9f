import type { ServerResponse } from 'node:http';
import { currentContext, keepContext, runInContext } from '@express-micro/core';
import { request } from 'undici';
import { describe, expect, it, vi } from 'vitest';
import { type CacheEntry, type HttpRequest, memoryCacheStore, withCache } from '../src/index.ts';
import { recordedLog } from '../src/manual-clock.test-support.ts';
import { EXPRESSES, HOSTS, listen } from './hosts.test-support.ts';

keepContext();
type Next = (error?: unknown) => void;
type Asked = HttpRequest & { user?: unknown; session?: unknown };

const own = (url: string, headers: Record<string, string>) => request(url, { headers }).then(({ body }) => body.text());

/** Each asks twice, one after the other: whoever is given what another was is named. */
async function expectOwn(url: string, of: readonly (readonly [Record<string, string>, string])[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) for (const [headers, wanted] of of) expect(await own(url, headers)).toBe(wanted);
}

describe.each(HOSTS)('what is kept on $host', ({ serve }) => {
  it('is for the claims of a token, too: one user with two tenants sees each apart', async () => {
    const known = (req: Asked, _res: unknown, next: Next) => {
      const [tenant, jti] = String(req.headers['x-token']).split(' ');
      const claims = { sub: 'ada', exp: Number(jti), iat: Number(jti), jti, tenant };
      req.principal = { kind: 'user', id: 'ada', roles: [], permissions: [], claims } as HttpRequest['principal'];
      next();
    };
    let runs = 0;
    const url = await serve([known, withCache(60)], (req, res) => {
      runs += 1;
      res.end(`of ${(req.principal as unknown as { claims: { tenant: string } }).claims.tenant}`);
    });
    await expectOwn(url, [
      [{ 'x-token': 'red 1' }, 'of red'],
      [{ 'x-token': 'blue 1' }, 'of blue'],
      // A token that was renewed is that of the same one.
      [{ 'x-token': 'red 2' }, 'of red'],
    ]);
    expect(runs).toBe(2);
  });

  it('is for the user on whose behalf another service asks', async () => {
    const service = (req: Asked, _res: unknown, next: Next) => {
      req.principal = { kind: 'service', id: 'gateway', roles: [], permissions: [] };
      next();
    };
    const url = await serve([service, withCache(60)], (req, res) => res.end(`for ${req.headers.authorization}`));
    await expectOwn(url, [
      [{ authorization: 'Bearer ada' }, 'for Bearer ada'],
      [{ authorization: 'Bearer grace' }, 'for Bearer grace'],
    ]);
  });

  it('is for the service that asks, where the mesh has said which', async () => {
    const called = (req: Asked, _res: unknown, next: Next) =>
      runInContext(contextOf('1', String(req.headers['x-from'])), () => next());
    const url = await serve([called, withCache(60)], (_req, res) => res.end(`for ${currentContext()?.caller?.service}`));
    await expectOwn(url, [
      [{ 'x-from': 'orders' }, 'for orders'],
      [{ 'x-from': 'billing' }, 'for billing'],
    ]);
  });

  it.each(['user', 'session'] as const)(
    'is for the person whom another library has found, by whatever it went (%s)',
    async (where) => {
      const found = (req: Asked, _res: unknown, next: Next) => {
        const id = req.headers['x-auth-token'];
        req[where] = where === 'user' ? { id } : { user: { id } };
        next();
      };
      const url = await serve([found, withCache(60)], (req, res) => res.end(`for ${req.headers['x-auth-token']}`));
      await expectOwn(url, [
        [{ 'x-auth-token': 'ada' }, 'for ada'],
        [{ 'x-auth-token': 'grace' }, 'for grace'],
      ]);
    },
  );

  it('is nobody else’s where that person cannot be written down', async () => {
    const found = (req: Asked, _res: unknown, next: Next) => {
      const user: Record<string, unknown> = { id: req.headers['x-auth-token'] };
      user.self = user;
      req.user = user;
      next();
    };
    const url = await serve([found, withCache(60)], (req, res) => res.end(`for ${req.headers['x-auth-token']}`));
    await expectOwn(url, [
      [{ 'x-auth-token': 'ada' }, 'for ada'],
      [{ 'x-auth-token': 'grace' }, 'for grace'],
    ]);
  });

  it.each(['x-forwarded-host', 'x-forwarded-proto'])('cannot be poisoned by %s', async (name) => {
    const url = await serve([withCache(60)], (req, res) => res.end(`see ${req.headers[name] ?? 'ours'}`));
    await expectOwn(url, [
      [{ [name]: 'evil' }, 'see evil'],
      [{}, 'see ours'],
    ]);
  });

  it('cannot be poisoned by a body', async () => {
    const body = (req: Asked, _res: unknown, next: Next) => {
      let text = '';
      req.on('data', (part) => (text += part));
      req.on('end', () => {
        req.body = text;
        next();
      });
    };
    const url = await serve([body, withCache(60)], (req, res) => res.end(`for ${req.body}`));
    const send = async (text: string, chunked = false) => {
      const sent = chunked
        ? (async function* () {
            yield text;
          })()
        : text;
      return (await request(url, { method: 'GET', body: sent as string })).body.text();
    };
    expect(await send('evil')).toBe('for evil');
    expect(await send('evil', true)).toBe('for evil');
    expect(await own(url, {})).toBe('for ');
  });

  it('is nothing that was given a cookie, also at the last moment by what stands in front', async () => {
    let sessions = 0;
    /** As sessions do it: when the head is written, and whoever writes it. */
    const session = (_req: unknown, res: ServerResponse, next: Next) => {
      const { writeHead } = res;
      const id = ++sessions;
      Object.assign(res, {
        session: id,
        writeHead(...args: unknown[]) {
          res.setHeader('set-cookie', `sid=${id}`);
          return Reflect.apply(writeHead, res, args);
        },
      });
      next();
    };
    const url = await serve([session, withCache(60)], (req, res) => {
      if (req.url === '/parts') res.write('');
      res.end(`token of ${(res as ServerResponse & { session: number }).session}`);
    });
    for (const path of ['/', '/parts']) {
      const answers = await Promise.all([1, 2, 3].map(() => own(url + path, {})));
      answers.push(await own(url + path, {}));
      expect(new Set(answers).size).toBe(4);
    }
  });

  it('is whole: half an answer that its handler ended is given to nobody else', async () => {
    let runs = 0;
    const url = await serve([withCache(60)], (_req, res) => {
      runs += 1;
      res.setHeader('content-length', '10');
      if (runs > 1) return res.end('0123456789');
      res.write('0123');
      res.end();
      return res.socket?.destroySoon();
    });
    await own(url, {}).catch(() => 'broken');
    expect(await own(url, {})).toBe('0123456789');
    expect(runs).toBe(2);
  });

  it('stays for others when somebody asks for a variant that there is not', async () => {
    let runs = 0;
    const url = await serve([withCache(60)], (req, res) => {
      runs += 1;
      res.setHeader('vary', 'accept-language');
      if (req.headers['accept-language'] === 'xx') res.statusCode = 406;
      res.end(`in ${req.headers['accept-language']}`);
    });
    const ask = (language: string) => own(url, { 'accept-language': language });
    await ask('de');
    await ask('xx');
    expect(runs).toBe(2);
    await ask('de');
    expect(runs).toBe(2);
  });

  it('is not asked where a condition is for the origin alone, and nobody else waits in vain for that', async () => {
    let runs = 0;
    const url = await serve([withCache(60)], async (req, res) => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (req.headers['if-match'] !== undefined || req.headers['if-unmodified-since'] !== undefined) res.statusCode = 412;
      res.end(`${res.statusCode}`);
    });
    const conditions: Record<string, string>[] = [
      { 'if-match': '"x"' },
      { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    ];
    for (const headers of conditions) expect(await own(url, headers)).toBe('412');
    const before = runs;
    expect(new Set(await Promise.all(Array.from({ length: 10 }, () => own(url, {}))))).toEqual(new Set(['200']));
    expect(runs - before).toBe(1);
    for (const headers of conditions) expect(await own(url, headers)).toBe('412');
  });

  it('has who waits for another go on as itself', async () => {
    const enter = (req: Asked, _res: unknown, next: Next) =>
      runInContext(contextOf(String(req.headers['x-request-id']), undefined), () => next());
    for (const ends of ['fails', 'goes away', 'is private'] as const) {
      let release = (): void => {};
      let runs = 0;
      let arrived = 0;
      const count = (_req: unknown, _res: unknown, next: Next) => {
        arrived += 1;
        next();
      };
      const url = await serve([enter, count, withCache(60)], async (_req, res) => {
        runs += 1;
        const id = currentContext()?.requestId;
        if (runs === 1) await new Promise<void>((resolve) => (release = resolve));
        if (runs === 1 && ends === 'fails') res.statusCode = 500;
        if (ends === 'is private') res.setHeader('cache-control', 'private');
        res.end(`request ${id}`);
      });
      const controller = new AbortController();
      const leading = fetch(url, { headers: { 'x-request-id': 'leader' }, signal: controller.signal }).catch(() => undefined);
      await vi.waitFor(() => expect(runs).toBe(1));
      const waiting = own(url, { 'x-request-id': 'follower' });
      await vi.waitFor(() => expect(arrived).toBe(2));
      await new Promise((resolve) => setImmediate(resolve));
      if (ends === 'goes away') controller.abort();
      else release();
      await leading;
      expect([ends, await waiting]).toEqual([ends, 'request follower']);
      release();
    }
  });

  it('comes from a store as it is, null is nothing, and what is no entry is made anew', async () => {
    const log = recordedLog();
    const kept = new Map<string, unknown>();
    const store = {
      // As a database would: JSON has no bytes.
      get: async (key: string) => (kept.has(key) ? JSON.parse(String(kept.get(key))) : null) as CacheEntry,
      set: async (key: string, entry: CacheEntry) => void kept.set(key, JSON.stringify(entry)),
      delete: async () => {},
    };
    let runs = 0;
    const url = await serve([withCache(60, { store, log })], (_req, res) => res.end(`run ${++runs}`));
    expect(await own(url, {})).toBe('run 1');
    expect(log.lines).toEqual([]);
    expect(await own(url, {})).toBe('run 2');
    expect(await own(url, {})).toBe('run 3');
    expect(log.lines).toEqual([expect.stringContaining('the store of a cache fails: it gave what is no entry')]);
  });

  it('is asked for by a text, and by nothing else', async () => {
    for (const key of [async () => 'a', () => ({}), () => true] as unknown as (() => string)[]) {
      const url = await serve([withCache(60, { key })], (req, res) => res.end(req.url));
      for (const path of ['/a', '/b']) expect(await (await fetch(url + path)).text()).toContain('HTTP_OPTION_INVALID');
    }
  });
});

function contextOf(requestId: string, service: string | undefined) {
  const caller = service === undefined ? undefined : { service, instance: 'i' };
  return { requestId, traceparent: undefined, tracestate: undefined, caller, lifetime: undefined };
}

describe.each(EXPRESSES)('on Express $version behind a proxy', ({ express }) => {
  it('a host that is not ours stays with who wrote it', async () => {
    const app = express();
    app.set('trust proxy', 'loopback');
    app.use(withCache(60), (req, res) => void res.end(`${req.protocol}://${req.hostname}/`));
    const url = await listen(app);
    expect(await own(url, { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' })).toBe('https://evil.example/');
    expect(await own(url, {})).toBe('http://127.0.0.1/');
  });
});

describe('caches that share a store', () => {
  it('and have keys of their own making have a prefix each', () => {
    const store = memoryCacheStore();
    const key = (req: HttpRequest) => String(req.url);
    withCache(60, { store });
    withCache(60, { store });
    expect(() => withCache(60, { store, key })).toThrow(/the prefix "cache:".*\{ prefix: 'cache:products:' \}/);
    withCache(60, { store, key, prefix: 'a:' });
    expect(() => withCache(60, { store, prefix: 'a:' })).toThrow(expect.objectContaining({ code: 'HTTP_OPTION_INVALID' }));
    withCache(60, { key });
    withCache(60, { key });
  });
});
