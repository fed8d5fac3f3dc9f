import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { joinedFields } from '../src/index.ts';
import { createLines, EXPRESSES, isAccess, listen, observe } from './apps.test-support.ts';

describe.each(EXPRESSES)('a logger in requests, on Express $version', ({ express }) => {
  it('changes its level by an endpoint, for who may, and for a time', async () => {
    const app = express();
    const { logger: log, lines } = observe(app, {
      levelEndpoint: { path: '/log-level', allow: (req) => req.headers.authorization === 'Bearer ops' },
      logger: { console: false, level: 'info', stream: { write() {} } },
    });
    app.use(express.json());
    void lines;
    const url = `${await listen(app)}/log-level`;
    const ask = async (method: string, body?: object, token = 'ops') => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return [answer.status, await answer.json()];
    };
    expect(await ask('GET', undefined, 'guess')).toEqual([403, { error: 'Forbidden' }]);
    expect(await ask('PUT', { level: 'trace' }, 'guess')).toEqual([403, { error: 'Forbidden' }]);
    expect(await ask('GET')).toEqual([200, { level: 'info', configured: 'info' }]);
    expect(await ask('PUT', { level: 'debug', forSeconds: 1 })).toEqual([200, { level: 'debug', configured: 'info' }]);
    expect(await new Promise((resolve) => log.on('level', ({ level }) => resolve(level)))).toBe('info');
    expect((await ask('PUT', { level: 'loud' }))[0]).toBe(400);
    expect((await ask('PUT', { level: 'debug', x: 'x'.repeat(5_000) }))[0]).toBe(400);
    expect(await ask('PUT', { level: 'error' })).toEqual([200, { level: 'error', configured: 'info' }]);
    expect(await ask('DELETE')).toEqual([200, { level: 'info', configured: 'info' }]);
    expect((await ask('POST'))[0]).toBe(405);
  });

  it('tells one request in detail by a header, from who may, and no other', async () => {
    const app = express();
    const { lines, stream } = createLines();
    const { logger: log } = observe(app, {
      levelHeader: { allow: (req) => req.headers.authorization === 'Bearer ops' },
      logger: { console: false, level: 'info', stream },
      accessLog: false,
    });
    app.get('/:n', async (req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      log.debug('detail', { n: req.params.n });
      log.trace('more detail', { n: req.params.n });
      res.json({});
    });
    const url = await listen(app);
    const ask = (n: number, headers: Record<string, string>) => fetch(`${url}/${n}`, { headers });
    const ops = { authorization: 'Bearer ops' };
    await Promise.all([
      ask(1, { ...ops, 'x-log-level': 'debug' }),
      ask(2, { 'x-log-level': 'trace' }),
      ask(3, ops),
      ask(4, { ...ops, 'x-log-level': 'loud' }),
    ]);
    expect(lines.map(({ message, n }) => [message, n])).toEqual([['detail', '1']]);
  });

  it('a logger of your own gets every line with the fields that join it, and without secrets', async () => {
    const entries: object[] = [];
    const winston = {
      levels: { error: 0, warn: 1, info: 2, http: 3, verbose: 4, debug: 5, silly: 6 },
      transports: [],
      info() {},
      warn() {},
      error() {},
      log: (entry: object) => void entries.push(entry),
    };
    const pino: unknown[][] = [];
    const bunyan: unknown[][] = [];
    const printed: string[] = [];
    const methods = (kept: unknown[][]) =>
      Object.fromEntries(
        ['error', 'warn', 'info', 'debug', 'trace'].map((name) => [
          name,
          (...args: unknown[]) => void kept.push([name, ...args]),
        ]),
      );
    const owns = [
      winston,
      { ...methods(pino), child() {}, bindings() {} },
      { ...methods(bunyan), child() {}, addStream() {} },
      {
        log: (text: string) => void printed.push(text),
        ...Object.fromEntries(
          ['error', 'warn', 'info', 'debug', 'trace'].map((name) => [name, (text: string) => void printed.push(text)]),
        ),
      },
    ];
    for (const own of owns) {
      const app = express();
      const { logger: log } = observe(app, { logger: own as never });
      app.get('/', (_req, res) => {
        log.info('Order is paid', { orderId: 7, password: 'p' });
        res.json({});
      });
      const url = await listen(app);
      await (await fetch(url, { headers: { 'x-request-id': 'r-1' } })).text();
      // The access line comes when the answer is out.
      await vi.waitFor(() => expect([entries, pino, bunyan, printed][owns.indexOf(own)]).toHaveLength(2));
    }
    const line = { orderId: 7, password: '[redacted]', requestId: 'r-1' };
    expect(entries[0]).toEqual({ level: 'info', message: 'Order is paid', ...line });
    expect(entries[1]).toMatchObject({ level: 'http', message: 'GET / 200', status: 200, requestId: 'r-1' });
    expect(pino[0]).toEqual(['info', line, 'Order is paid']);
    expect(pino[1]).toEqual(['info', expect.objectContaining({ status: 200, requestId: 'r-1' }), 'GET / 200']);
    expect(bunyan).toEqual([pino[0], [pino[1]?.[0], expect.objectContaining({ requestId: 'r-1' }), 'GET / 200']]);
    expect(printed[0]).toBe(`Order is paid ${JSON.stringify(line)}`);
  });

  it('a real pino of your own: handed in, and joined by joinedFields where it is called itself', async () => {
    const require = createRequire(import.meta.url);
    const { pino } = require('pino') as typeof import('pino');
    const seen = createLines();
    const own = pino({ mixin: joinedFields, base: null }, seen.stream);
    const app = express();
    const { logger: log } = observe(app, { logger: own });
    app.get('/', (_req, res) => {
      own.info('by itself');
      log.info('through us', { n: 1 });
      res.json({});
    });
    await fetch(await listen(app), { headers: { 'x-request-id': 'r-9' } });
    await seen.some(isAccess);
    expect(seen.lines.map(({ msg, requestId }) => [msg, requestId])).toEqual([
      ['by itself', 'r-9'],
      ['through us', 'r-9'],
      ['GET / 200', 'r-9'],
    ]);
  });

  it('a real winston of your own: every line with its fields, in the form that it was given', async () => {
    const written: string[] = [];
    const own = winston.createLogger({
      levels: winston.config.npm.levels,
      level: 'http',
      format: winston.format.json(),
      transports: [
        new winston.transports.Stream({
          stream: new Writable({ write: (chunk, _encoding, done) => done(void written.push(String(chunk))) }),
        }),
      ],
    });
    const app = express();
    const { logger: log } = observe(app, { logger: own });
    app.get('/', (_req, res) => {
      log.info('Order is paid', { orderId: 7, password: 'p' });
      log.error('Payment failed', new Error('declined'));
      res.json({});
    });
    await fetch(await listen(app), { headers: { 'x-request-id': 'r-9' } });
    await vi.waitFor(() => expect(written).toHaveLength(3));
    const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ level, message, requestId }) => [level, message, requestId])).toEqual([
      ['info', 'Order is paid', 'r-9'],
      ['error', 'Payment failed', 'r-9'],
      ['http', 'GET / 200', 'r-9'],
    ]);
    expect(lines[0]).toMatchObject({ orderId: 7, password: '[redacted]' });
    expect(JSON.stringify(lines[1])).toContain('declined');
  });

  it('M5: 10,000 requests at once, through callbacks, promises, timers, emitters and streams: each line has the id of its request', async () => {
    const app = express();
    const { logger: log, lines, some } = observe(app);
    const shared = new EventEmitter().setMaxListeners(0);
    const ways: ((n: string) => Promise<unknown>)[] = [
      (n) => new Promise<void>((resolve) => setTimeout(() => resolve(log.info('way', { n })), Math.random() * 20)),
      async (n) => {
        await null;
        log.info('way', { n });
      },
      (n) => new Promise<void>((resolve) => process.nextTick(() => setImmediate(() => resolve(log.info('way', { n }))))),
      async (n) => {
        const emitter = new EventEmitter();
        const heard = once(emitter, 'told');
        setImmediate(() => emitter.emit('told'));
        await heard;
        log.info('way', { n });
      },
      (n) =>
        pipeline(
          Readable.from([n]),
          new Transform({
            transform: (chunk, _encoding, done) =>
              setImmediate(() => {
                log.info('way', { n: String(chunk) });
                done(null, chunk);
              }),
          }),
          async (source) => {
            for await (const chunk of source) log.info('way', { n: String(chunk) });
          },
        ),
      // One that all share: who listens is asked in the context of who emits, so that is kept by a promise.
      async (n) => {
        const heard = once(shared, n);
        queueMicrotask(() => shared.emit(n));
        await heard;
        log.info('way', { n });
      },
    ];
    app.get('/:n', async (req, res) => {
      const { n } = req.params as { n: string };
      log.debug('begin', { n });
      for (let i = 0; i < 3; i++) await ways[Math.floor(Math.random() * ways.length)]?.(n);
      res.json({ n });
    });
    const url = await listen(app);
    let next = 0;
    const idOf = new Map<string, string | null>();
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        while (next < 10_000) {
          const n = String(next++);
          const headers: Record<string, string> = Math.random() < 0.5 ? { 'x-request-id': `given-${n}` } : {};
          const answer = await fetch(`${url}/${n}`, { headers });
          await answer.text();
          idOf.set(n, answer.headers.get('x-request-id'));
        }
      }),
    );
    await some(isAccess, 10_000);
    const wrong = lines.filter((line) => {
      const n = isAccess(line) ? String(line.url).slice(1) : (line.n as string);
      return line.requestId === undefined || line.requestId !== idOf.get(n);
    });
    expect([wrong, new Set(idOf.values()).size]).toEqual([[], 10_000]);
    expect(lines.length).toBeGreaterThanOrEqual(10_000 * 5);
  }, 60_000);
});
