import type { Response } from 'express';
import {
  compression,
  cookieParser,
  cors,
  helmet,
  methodOverride,
  morgan,
  onFinished,
  onHeaders,
  rateLimit,
  responseTime,
  session,
} from './middleware.test-support.ts';
import { ask, cookiesOf, get, one, type Topic } from './parity.test-support.ts';

const LONG = 'compress me, please. '.repeat(200);
const ORIGIN = { origin: 'https://shop.example.com' };

/** Middleware that nearly every app has, and what it reads from and hangs on to requests and responses. */
export const ecosystem: Topic = {
  name: 'ecosystem',
  declare({ express, app, note }) {
    app.use('/eco/cors', cors(), (_req, res) => void res.json('open'));
    const strict = {
      origin: ['https://shop.example.com', /\.example\.org$/],
      credentials: true,
      exposedHeaders: ['x-a', 'x-b'],
      maxAge: 600,
      methods: ['GET', 'PUT'],
    };
    app.use('/eco/strict-cors', cors(strict), (_req, res) => void res.json('strict'));
    app.use(
      '/eco/cors-continue',
      cors({ preflightContinue: true, optionsSuccessStatus: 200 }),
      (_req, res) => void res.json('continued'),
    );
    app.use('/eco/helmet', helmet(), (_req, res) => void res.send('<p>safe</p>'));
    app.use(
      '/eco/own-helmet',
      helmet({
        contentSecurityPolicy: {
          directives: { scriptSrc: ["'self'", (_req: object, res: object) => `'nonce-${(res as Response).statusCode}'`] },
        },
        hsts: false,
      }),
      (_req, res) => void res.send('<p>own</p>'),
    );

    const zipped = express.Router().use(compression({ threshold: 100 }));
    zipped.get('/long', (_req, res) => void res.type('text').send(LONG));
    zipped.get('/short', (_req, res) => void res.type('text').send('short'));
    zipped.get('/image', (_req, res) => void res.type('png').send(Buffer.alloc(2_000)));
    zipped.get('/untouched', (_req, res) => void res.set('cache-control', 'no-transform').type('text').send(LONG));
    zipped.get('/streamed', (_req, res) => {
      res.type('text').write(LONG);
      (res as unknown as { flush(): void }).flush();
      res.write(LONG);
      res.end('the end');
    });
    zipped.get('/empty', (_req, res) => void res.status(204).end());
    zipped.get('/file', (_req, res, next) => {
      note(res.req, 'writes', [res.write.name, res.end.name, Object.hasOwn(res, 'write')]);
      next();
    });
    zipped.get('/file', (_req, res) => void res.type('text').json({ text: LONG }));
    app.use('/eco/zip', zipped);

    app.get('/eco/cookies', cookieParser('a secret'), (req, res) => {
      res.cookie('plain', 'value').cookie('signed', 'secret value', { signed: true });
      res.json({ cookies: req.cookies, signed: req.signedCookies, secret: Reflect.get(req, 'secret') });
    });
    let sessions = 0;
    const options = { secret: 'a secret', genid: () => `session-${++sessions}`, resave: false, saveUninitialized: false };
    const visits = (rolling: boolean, resave: boolean) => [
      session({ ...options, rolling, resave, name: `s${rolling}${resave}`, cookie: rolling ? { maxAge: 3_600_000 } : {} }),
      (req: import('express').Request, res: Response) => {
        const kept = req as unknown as {
          session: { visits?: number; cookie: { path: string; httpOnly: boolean } };
          sessionID: string;
        };
        kept.session.visits = (kept.session.visits ?? 0) + 1;
        res.json({ visits: kept.session.visits, id: kept.sessionID, path: kept.session.cookie.path });
      },
    ];
    app.get('/eco/session', visits(false, false));
    app.get('/eco/rolling', visits(true, false));
    app.get('/eco/resaved', visits(false, true));
    app.get('/eco/untouched-session', session({ ...options, name: 'untouched' }), (_req, res) => void res.send('nothing saved'));
    app.get('/eco/destroyed', session({ ...options, name: 'destroyed' }), (req, res) => {
      const kept = req as unknown as { session: { x: number; destroy(done: () => void): void } };
      kept.session.x = 1;
      kept.session.destroy(() => void res.send('destroyed'));
    });

    const lines = (req: object) => ({ write: (line: string) => note(req, 'morgan', line) });
    morgan.token('elapsed', (_req, _res) => 'own token');
    const format =
      ':method :url HTTP/:http-version :status :res[content-length] :remote-addr :referrer :user-agent :elapsed :req[x-a]';
    app.use('/eco/logged', (req, res, next) => morgan(format, { stream: lines(req) })(req, res, next));
    app.use('/eco/logged', (req, res, next) =>
      morgan(
        (tokens: Record<string, (...all: unknown[]) => string>, ...both: unknown[]) =>
          `times ${[tokens['response-time'], tokens['total-time']].map((time) => /^\d+\.\d+$/.test(time?.(...both) ?? ''))}`,
        { stream: lines(req) },
      )(req, res, next),
    );
    app.use('/eco/logged', (req, res, next) =>
      morgan(':method :url asked', { immediate: true, stream: lines(req) })(req, res, next),
    );
    app.get('/eco/logged/good', (_req, res) => void res.send('logged'));
    app.get('/eco/logged/error', () => {
      throw new Error('logged too');
    });
    app.get('/eco/logged/piped', (_req, res) => {
      res.write('a');
      res.end('b');
    });

    const seven = () => 'seven';
    app.get(
      '/eco/limited',
      rateLimit({ windowMs: 3_600_000, limit: 2, standardHeaders: 'draft-6', legacyHeaders: false }),
      (_req, res) => void res.json('let in'),
    );
    app.get(
      '/eco/limited-new',
      rateLimit({
        windowMs: 3_600_000,
        limit: 1,
        standardHeaders: 'draft-8',
        keyGenerator: seven,
        message: { error: 'slow down' },
      }),
      (_req, res) => void res.json('let in'),
    );

    app.use(
      '/eco/override',
      methodOverride('X-HTTP-Method-Override'),
      methodOverride(({ query }) => query._method as string),
    );
    for (const method of ['post', 'put', 'delete'] as const)
      app[method](
        '/eco/override',
        (req, res) => void res.json({ method, now: req.method, was: (req as { originalMethod?: string }).originalMethod }),
      );
    app.get('/eco/timed', responseTime({ digits: 1 }), (_req, res) => void res.send('timed'));
    app.get(
      '/eco/timed-end',
      responseTime((req: object, _res: object, time: number) => note(req, 'timed', typeof time)),
      (_req, res) => void res.send('timed'),
    );
    app.get('/eco/on-headers', (req, res) => {
      onHeaders(res, function (this: unknown) {
        note(req, 'headers', { isRes: this === res, status: res.statusCode, sent: res.headersSent });
        res.setHeader('x-late', 'yes');
      });
      onHeaders(res, () => res.statusCode === 200 && void res.setHeader('x-earlier', 'yes'));
      onFinished(res, (error, message) => note(req, 'res finished', [error, message === res, onFinished.isFinished(res)]));
      onFinished(req, (error, message) => note(req, 'req finished', [error, message === req, onFinished.isFinished(req)]));
      note(req, 'finished yet', [onFinished.isFinished(req), onFinished.isFinished(res)]);
      res.status(200).send('with late headers');
    });
    app.all('/eco/wrapped', (req, res) => {
      const { writeHead, end } = res;
      res.writeHead = function (this: Response, ...all: unknown[]) {
        note(req, 'writeHead', all);
        this.setHeader('x-wrapped', 'head');
        return writeHead.apply(this, all as never);
      } as never;
      res.end = function (this: Response, ...all: unknown[]) {
        note(
          req,
          'end',
          all.map((each) => typeof each),
        );
        return end.apply(this, all as never);
      } as never;
      res.send('wrapped');
    });
    app.get(
      '/eco/together',
      helmet(),
      cors(),
      compression({ threshold: 10 }),
      cookieParser(),
      session({ ...options, name: 'together' }),
      responseTime(),
      (req, res) => {
        (req as unknown as { session: { x: number } }).session.x = 1;
        res.json({ text: LONG, cookies: req.cookies });
      },
    );
  },
  cases: [
    one('cors without an origin', get('/eco/cors', 200)),
    one('cors', get('/eco/cors', 200, ORIGIN)),
    one(
      'cors preflight',
      ask('OPTIONS', '/eco/cors', 204, {
        ...ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-a, x-b',
      }),
    ),
    one('strict cors', get('/eco/strict-cors', 200, ORIGIN)),
    one('strict cors for another', get('/eco/strict-cors', 200, { origin: 'https://evil.example.com' })),
    one('strict cors by pattern', get('/eco/strict-cors', 200, { origin: 'https://a.example.org' })),
    one('strict cors preflight', ask('OPTIONS', '/eco/strict-cors', 204, { ...ORIGIN, 'access-control-request-method': 'PUT' })),
    one(
      'cors preflight that goes on',
      ask('OPTIONS', '/eco/cors-continue', 200, { ...ORIGIN, 'access-control-request-method': 'GET' }),
    ),
    one('helmet', get('/eco/helmet', 200)),
    one('helmet with own settings', get('/eco/own-helmet', 200)),
    ...(['gzip', 'br, gzip', 'deflate', 'identity', 'gzip;q=0', '*'] as const).map((encoding) =>
      one(`compression: ${encoding}`, get('/eco/zip/long', 200, { 'accept-encoding': encoding })),
    ),
    ...['short', 'image', 'untouched', 'streamed', 'file'].map((name) =>
      one(`compression: ${name}`, get(`/eco/zip/${name}`, 200, { 'accept-encoding': 'gzip' })),
    ),
    one('compression: nothing to compress', get('/eco/zip/empty', 204, { 'accept-encoding': 'gzip' })),
    one('compression: HEAD', ask('HEAD', '/eco/zip/long', 200, { 'accept-encoding': 'gzip' })),
    one('compression: HEAD of a stream', ask('HEAD', '/eco/zip/streamed', 200, { 'accept-encoding': 'gzip' })),
    {
      name: 'compression: not modified',
      asks: [
        get('/eco/zip/long', 200, { 'accept-encoding': 'gzip' }),
        ([first]) => get('/eco/zip/long', 304, { 'accept-encoding': 'gzip', 'if-none-match': first?.headers?.etag?.[0] ?? '' }),
      ],
    },
    one('no cookies', get('/eco/cookies', 200)),
    one(
      'cookies',
      get('/eco/cookies', 200, { cookie: 'a=1; b=j%3A%7B%22c%22%3A2%7D; bad=s%3Aforged.signature; plain=%F0%9F%98%80' }),
    ),
    {
      name: 'signed cookies',
      asks: [get('/eco/cookies', 200), ([first]) => get('/eco/cookies', 200, { cookie: cookiesOf(first) })],
    },
    ...['session', 'rolling', 'resaved'].map((name) => ({
      name: `session: ${name}`,
      asks: [
        get(`/eco/${name}`, 200),
        ...[0, 1].map(
          () =>
            ([first]: readonly import('./parity.test-support.ts').Answer[]) =>
              get(`/eco/${name}`, 200, { cookie: cookiesOf(first) }),
        ),
        get(`/eco/${name}`, 200),
      ],
    })),
    one('session: a forged cookie', get('/eco/session', 200, { cookie: 'sfalsefalse=s%3Asession-1.forged' })),
    one('session: nothing saved', get('/eco/untouched-session', 200)),
    one('session: destroyed', get('/eco/destroyed', 200)),
    one('morgan', get('/eco/logged/good?x=1', 200, { 'user-agent': 'the suite', referer: 'http://example.com/', 'x-a': 'b' })),
    one('morgan, HEAD', ask('HEAD', '/eco/logged/good', 200, { 'user-agent': 'the suite' })),
    one('morgan, an error', get('/eco/logged/error', 500, { 'user-agent': 'the suite' })),
    one('morgan, chunks', get('/eco/logged/piped', 200, { 'user-agent': 'the suite' })),
    one('morgan, not found', get('/eco/logged/none', 404, { 'user-agent': 'the suite' })),
    {
      name: 'rate limit',
      asks: [get('/eco/limited', 200), get('/eco/limited', 200), get('/eco/limited', 429), get('/eco/limited', 429)],
    },
    { name: 'rate limit with a key and the newest headers', asks: [get('/eco/limited-new', 200), get('/eco/limited-new', 429)] },
    one('method-override by a header', ask('POST', '/eco/override', 200, { 'x-http-method-override': 'DELETE' })),
    one('method-override by the query', ask('POST', '/eco/override?_method=PUT', 200)),
    one('no method-override', ask('POST', '/eco/override', 200)),
    one('response-time', get('/eco/timed', 200)),
    one('response-time, told', get('/eco/timed-end', 200)),
    one('on-headers and on-finished', get('/eco/on-headers', 200)),
    one('on-headers and on-finished, HEAD', ask('HEAD', '/eco/on-headers', 200)),
    one('writeHead and end wrapped', get('/eco/wrapped', 200)),
    one('writeHead and end wrapped, POST', ask('POST', '/eco/wrapped', 200, { 'content-type': 'text/plain' }, 'a body')),
    one('all of them together', get('/eco/together', 200, { 'accept-encoding': 'gzip', cookie: 'a=1', ...ORIGIN })),
  ],
};
