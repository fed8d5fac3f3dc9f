import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, observability, requestId, requestLogger } from '../src/index.ts';
import { createLines, EXPRESSES, isAccess, later, listen, observe } from './apps.test-support.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe.each(EXPRESSES)('observability on Express $version', ({ express }) => {
  it('M5: gives each request an id, takes over a well-formed one, and returns it', async () => {
    const app = express();
    const { lines, some } = observe(app);
    app.get('/', (_req, res) => void res.json({}));
    const url = await listen(app);
    const ids: (string | null)[] = [];
    for (const given of [undefined, 'abc-1.x_Y', 'x'.repeat(129), 'two words', '<script>']) {
      const headers = given === undefined ? {} : { 'x-request-id': given };
      ids.push((await fetch(url, { headers })).headers.get('x-request-id'));
    }
    expect(ids.map((id) => UUID.test(id ?? ''))).toEqual([true, false, true, true, true]);
    expect(ids[1]).toBe('abc-1.x_Y');
    expect(new Set(ids).size).toBe(5);
    await some(isAccess, 5);
    expect(lines.map(({ requestId }) => requestId)).toEqual(ids);
  });

  it('M2: lines of the app know their request without being passed anything: id, trace, span', async () => {
    const app = express();
    const { some, logger } = observe(app);
    const deep = async (n: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      logger.info('Order is paid', { orderId: n });
    };
    app.get('/:n', async (req, res) => {
      await deep(Number(req.params.n));
      res.json({});
    });
    const url = await listen(app);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await fetch(`${url}/7`, { headers: { traceparent } });
    const [line] = await some(({ message }) => message === 'Order is paid');
    expect(line).toEqual({
      level: 'info',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'orders',
      orderId: 7,
      message: 'Order is paid',
      requestId: answer.headers.get('x-request-id'),
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
    });
  });

  it('P8: a line for each request, with method, url, status, duration, user agent and ip; secrets of the query are not in it', async () => {
    const app = express();
    const { some } = observe(app);
    const router = express.Router();
    router.get('/orders/:id', (_req, res) => void setTimeout(() => res.status(201).json({}), 30));
    app.use('/api', router);
    const url = await listen(app);
    await fetch(`${url}/api/orders/7?token=abc&page=2`, { headers: { 'user-agent': 'shop/1\u0009x' } });
    const [line] = await some(isAccess);
    expect(line).toMatchObject({
      level: 'http',
      method: 'GET',
      url: '/api/orders/7?token=[redacted]&page=2',
      status: 201,
      userAgent: 'shop/1\tx',
      ip: '127.0.0.1',
      message: 'GET /api/orders/7?token=[redacted]&page=2 201',
    });
    expect(line?.durationMs).toBeGreaterThan(28);
    expect(line).not.toHaveProperty('aborted');
  });

  it('M1: whatever becomes of a request, it is one line, and a true one', async () => {
    const app = express();
    const { lines, some } = observe(app);
    app.get('/ok', (_req, res) => void res.json({ a: 1 }));
    app.get('/cached', (_req, res) => void res.set('etag', '"1"').send('x'));
    app.get('/stream', (_req, res) => void Readable.from(['a', 'b', 'c']).pipe(res));
    app.get('/throws', () => {
      throw new Error('boom');
    });
    app.get('/silent', (_req, res) => res.on('error', () => {}));
    app.get('/half', (_req, res) => void res.write('half of it'));
    app.get('/cut', (_req, res) => void res.destroy());
    const url = await listen(app);
    app.set('env', 'test');
    await (await fetch(`${url}/ok`)).text();
    await fetch(`${url}/ok`, { method: 'HEAD' });
    await fetch(`${url}/cached`, { headers: { 'if-none-match': '"1"', 'cache-control': 'max-age=0' } });
    await (await fetch(`${url}/stream`)).text();
    await fetch(`${url}/throws`);
    await fetch(`${url}/nowhere`);
    await fetch(`${url}/cut`).catch(() => {});
    const { port } = new URL(url);
    // Two that leave: one before there is an answer, one in the middle of it.
    for (const path of ['/silent', '/half']) {
      const socket = connect(Number(port), '127.0.0.1');
      const before = lines.length;
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      if (path === '/half') await once(socket, 'data');
      else await new Promise((resolve) => setTimeout(resolve, 30));
      socket.destroy();
      await some(isAccess, before + 1);
    }
    const told = lines.map(({ method, url: path, status, aborted, level }) => [method, path, status, aborted, level]);
    expect(told).toEqual([
      ['GET', '/ok', 200, undefined, 'http'],
      ['HEAD', '/ok', 200, undefined, 'http'],
      ['GET', '/cached', 304, undefined, 'http'],
      ['GET', '/stream', 200, undefined, 'http'],
      ['GET', '/throws', 500, undefined, 'error'],
      ['GET', '/nowhere', 404, undefined, 'http'],
      ['GET', '/cut', 499, true, 'http'],
      ['GET', '/silent', 499, true, 'http'],
      ['GET', '/half', 200, true, 'http'],
    ]);
  });

  it('requests that wait behind another one of their connection are told when that is cut', async () => {
    const app = express();
    const { some } = observe(app);
    app.get('/:n', () => {});
    const { port } = new URL(await listen(app));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    const told = await some(isAccess, 2);
    expect(told.map(({ url, status, aborted }) => [url, status, aborted]).sort()).toEqual([
      ['/1', 499, true],
      ['/2', 499, true],
    ]);
  });

  it('each part can be had alone', async () => {
    const { lines, stream, some } = createLines();
    const logger = createLogger({ service: 'alone', level: 'http', console: false, stream });
    later(() => logger.close());
    const app = express();
    app.use(requestId());
    app.use(requestLogger(logger, { skip: (req) => req.url === '/health' }));
    app.get('/health', (_req, res) => void res.json({}));
    app.get('/a', (_req, res) => {
      logger.info('in it');
      res.json({});
    });
    const url = await listen(app);
    await fetch(`${url}/health`);
    const id = (await fetch(`${url}/a`)).headers.get('x-request-id');
    await some(isAccess);
    expect(lines.map(({ message, requestId: of }) => [message, of])).toEqual([
      ['in it', id],
      ['GET /a 200', id],
    ]);
  });

  it('lets go of the app when it is closed, and refuses what it cannot do', async () => {
    const app = express();
    const { lines, observed } = observe(app);
    app.get('/', (_req, res) => void res.json({}));
    const url = await listen(app);
    expect(() => observability(app)).toThrow('called twice');
    expect(() => observability(express.Router() as never)).toThrow('takes an Express app');
    expect(() => observability(express(), { acessLog: false } as never)).toThrow(/Unknown option "acessLog"/);
    expect(() => observability(express(), { levelEndpoint: { path: '/l' } } as never)).toThrow('without allow everybody could');
    await observed.close();
    expect((await fetch(url)).headers.get('x-request-id')).toBeNull();
    expect(lines.filter(isAccess)).toEqual([]);
  });
});
