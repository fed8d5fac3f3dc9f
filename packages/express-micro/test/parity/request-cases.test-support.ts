import type { Request, Response } from 'express';
import { factsOf } from './observed.test-support.ts';
import { ask, type Case, get, one, type Topic } from './parity.test-support.ts';

/** What a handler reads from a request, and the routing that leads it there. */
export const requests: Topic = {
  name: 'requests',
  declare({ express, app, note, version }) {
    const facts = (req: Request, res: Response) => {
      note(req, 'facts', factsOf(req, res));
      res.json('seen');
    };
    app.all('/requests/facts', facts);
    app.all('/requests/pens/:id/inks/:ink', facts);
    app.get('/requests/sent', (req, res) => {
      const before = factsOf(req, res).res;
      res.json({ sent: true });
      note(req, 'sent', { before, after: factsOf(req, res).res });
    });
    app.get('/requests/locals', (_req, res) => {
      res.locals.user = 'ada';
      res.json(res.locals);
    });
    app.get('/requests/socket', (req, res) => {
      const { remoteAddress, destroyed } = res.socket ?? {};
      res.json({ remoteAddress, destroyed, isTheSame: req.socket === res.socket, address: Object.keys(req.socket.address()) });
    });
    app.get('/requests/decoded/:word', (req, res) => void res.json({ word: req.params.word, path: req.path, query: req.query }));
    app.get('/requests/only-get', (_req, res) => void res.send('got'));
    app.put('/requests/only-get', (_req, res) => void res.send('put'));
    app.post('/requests/only-post', (_req, res) => void res.send('posted'));

    // Mounted: a router, an app of its own settings, an app in an app.
    const router = express.Router({ mergeParams: true });
    router.get('/', facts);
    router.get('/:ink', facts);
    router.use('/deeper', (_req, _res, next) => next(), express.Router().get('/:last', facts));
    app.use('/requests/shops/:shop', router);
    const inner = express();
    inner.set('trust proxy', true).set('env', 'production').set('query parser', 'simple').disable('x-powered-by');
    inner.get('/facts', facts);
    inner.get('/locals', (req, res) => void res.json({ ...req.app.locals, mountpath: req.app.mountpath, path: req.app.path() }));
    inner.get('/error', () => {
      throw new Error('in the inner app');
    });
    const innermost = express();
    innermost.set('trust proxy', 1).set('env', 'production');
    innermost.get('/facts', facts);
    inner.use('/innermost', innermost);
    app.use('/requests/inner', inner);
    app.get('/requests/inner-after', (req, res) => void res.json({ isOwn: Object.getPrototypeOf(req) === app.request }));

    app.param('pen', (req, _res, next, value) => {
      note(req, 'param', value);
      if (value === 'none') next('route');
      else next();
    });
    app.get('/requests/params/:pen', (req, res) => void res.json(req.params));
    app.get('/requests/params/:other', (req, res) => void res.json({ other: req.params.other }));
    app.all('/requests/next/:word', (_req, _res, next) => next('route'));
    app.all('/requests/next/:word', (req, res) => void res.json({ word: req.params.word, version }));
    app.get('/requests/rewritten', (req, _res, next) => {
      req.url = '/requests/facts?rewritten=1';
      next('route');
    });
    app.use('/requests/rewritten', (req, _res, next) => {
      req.url = '/ended';
      next();
    });
    app.get('/requests/chain', [
      (req: Request, _res: Response, next: () => void) => {
        note(req, 'first');
        next();
      },
      (req: Request, res: Response) => {
        note(req, 'second');
        res.json('chained');
      },
    ]);
  },
  cases: [
    one('all facts of a GET', get('/requests/facts?a=1&b=two&list=x&list=y', 200)),
    ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) =>
      one(`all facts of a ${method}`, ask(method, '/requests/facts', 200)),
    ),
    one('all facts of a HEAD', ask('HEAD', '/requests/facts', 200)),
    one(
      'all facts of a POST with a body that nobody reads',
      ask('POST', '/requests/facts', 200, { 'content-type': 'text/plain' }, 'unread'),
    ),
    one(
      'negotiation and conditions',
      get('/requests/facts', 200, {
        accept: 'text/html;q=0.5, application/json',
        'accept-language': 'de, en;q=0.7',
        'accept-encoding': 'br;q=0.1, gzip',
        'accept-charset': 'utf-8, iso-8859-1;q=0.5',
        range: 'bytes=0-99,200-299',
        'x-requested-with': 'XMLHttpRequest',
        referer: 'http://example.com/from',
        'if-none-match': '"no"',
      }),
    ),
    one('typed bodies', ask('POST', '/requests/facts', 200, { 'content-type': 'application/json; charset=utf-8' }, '{"a":1}')),
    one('parameters', get('/requests/pens/7/inks/dark%20blue?full=', 200)),
    one(
      'parameters and query in UTF-8',
      get('/requests/decoded/gr%C3%BCn%F0%9F%98%80?q=%E2%82%AC&p%5Ba%5D=1&p%5Bb%5D%5B%5D=2', 200),
    ),
    one('a query with a space as plus', get('/requests/decoded/x?q=a+b&empty=&q=c', 200)),
    one('a query that is no canonical one', get("/requests/decoded/x?q=a%20b&&flag&x='", 200), {
      notByCall: 'a call writes its query in one form',
    }),
    one('a path that cannot be decoded', get('/requests/decoded/%E0%A4%A', 400), {
      notByCall: 'a call sends no broken encoding',
    }),
    one('a path with a trailing slash', get('/requests/facts/', 200), { notByCall: 'a call sends no empty segment' }),
    one('a path with empty segments', get('//requests//facts', 404), { notByCall: 'a call sends no empty segment' }),
    one('a path in other letters', get('/Requests/FACTS', 200)),
    one(
      'headers in letters large and small, twice',
      {
        path: '/requests/facts',
        status: 200,
        headers: [
          ['X-Twice', 'a'],
          ['x-other', 'b'],
          ['X-TWICE', 'c'],
          ['Cookie', 'a=1'],
          ['Cookie', 'b=2'],
          ['Accept', 'x/y'],
          ['accept', 'y/z'],
        ],
      },
      { notByCall: 'a call has each header once, in small letters' },
    ),
    one('many headers', {
      path: '/requests/facts',
      status: 200,
      headers: Array.from({ length: 80 }, (_, at) => [`x-many-${at}`, `${at}`.repeat(20)] as const),
    }),
    one('a header of Latin-1', get('/requests/facts', 200, { 'x-latin': 'caf\u00e9' })),
    one(
      'forwarded addresses, trusted by nobody',
      get('/requests/facts', 200, {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example.com',
      }),
    ),
    one('what changes when it is sent', get('/requests/sent', 200)),
    one('res.locals', get('/requests/locals', 200)),
    one('the socket of both', get('/requests/socket', 200)),
    one('HEAD of a GET route', ask('HEAD', '/requests/only-get', 200)),
    one('OPTIONS by itself', ask('OPTIONS', '/requests/only-get', 200)),
    one('OPTIONS of a route of POST', ask('OPTIONS', '/requests/only-post', 200)),
    one('a method that no route has', ask('POST', '/requests/only-get', 404)),
    one('a path that no route has', get('/requests/nowhere?x=1', 404)),
    one('HEAD of what is not there', ask('HEAD', '/requests/nowhere', 404)),
    one('a mounted router', get('/requests/shops/7', 200)),
    one('a parameter in a mounted router', get('/requests/shops/7/blue?x=1', 200)),
    one('a router in a router', get('/requests/shops/7/deeper/end', 200)),
    one(
      'an app in the app, which trusts proxies',
      get('/requests/inner/facts?a%5Bb%5D=c', 200, {
        'x-forwarded-for': '203.0.113.9, 10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'shop.example.com',
      }),
    ),
    one(
      'an app in an app in the app',
      get('/requests/inner/innermost/facts', 200, { 'x-forwarded-for': '203.0.113.9, 10.0.0.1' }),
    ),
    one('locals of an inner app', get('/requests/inner/locals', 200)),
    one('an error of an inner app', get('/requests/inner/error', 500)),
    one('after an inner app that had no route', get('/requests/inner-after', 200)),
    one('a path that no route of an inner app has', get('/requests/inner/none', 404)),
    one('app.param', get('/requests/params/7', 200)),
    one('app.param that leaves the route', get('/requests/params/none', 200)),
    one("next('route')", ask('PUT', '/requests/next/on', 200)),
    one('a rewritten url', get('/requests/rewritten?x=1', 404)),
    one('handlers in an array', get('/requests/chain', 200)),
    ...wire(),
  ],
};

/** Bytes that no client of HTTP would send. */
function wire(): Case[] {
  const notByCall = 'bytes on the wire';
  const bytes = (name: string, status: number, text: string) =>
    one(name, { path: '', status, bytes: text.replaceAll('\n', '\r\n') }, { notByCall });
  return [
    bytes('HTTP/1.0', 200, 'GET /requests/facts HTTP/1.0\nhost: HOST\n\n'),
    bytes('HTTP/1.0 without a host', 200, 'GET /requests/facts HTTP/1.0\n\n'),
    bytes('HTTP/1.1 without a host', 400, 'GET /requests/facts HTTP/1.1\n\n'),
    bytes(
      'an absolute target',
      200,
      'GET http://elsewhere.example.com/requests/facts?x=1 HTTP/1.1\nhost: HOST\nconnection: close\n\n',
    ),
    bytes('the target of OPTIONS *', 404, 'OPTIONS * HTTP/1.1\nhost: HOST\nconnection: close\n\n'),
    bytes('no HTTP at all', 400, 'HELLO\n\n'),
    bytes('a bad length', 400, 'POST /requests/facts HTTP/1.1\nhost: HOST\ncontent-length: x\n\n'),
    bytes('two lengths', 400, 'POST /requests/facts HTTP/1.1\nhost: HOST\ncontent-length: 1\ncontent-length: 2\n\nab'),
    bytes(
      'length and chunks',
      400,
      'POST /requests/facts HTTP/1.1\nhost: HOST\ncontent-length: 1\ntransfer-encoding: chunked\n\n0\n\n',
    ),
    bytes('a chunk of nonsense', 200, 'POST /requests/facts HTTP/1.1\nhost: HOST\ntransfer-encoding: chunked\n\nzz\nab\n0\n\n'),
    bytes(
      'requests in one piece',
      200,
      'GET /requests/only-get HTTP/1.1\nhost: HOST\n\nHEAD /requests/only-get HTTP/1.1\nhost: HOST\n\nGET /requests/chain HTTP/1.1\nhost: HOST\nconnection: close\n\n',
    ),
    bytes(
      '100-continue',
      100,
      'POST /requests/only-post HTTP/1.1\nhost: HOST\nexpect: 100-continue\ncontent-length: 2\nconnection: close\n\nab',
    ),
    bytes(
      'an expectation that nobody meets',
      417,
      'POST /requests/only-post HTTP/1.1\nhost: HOST\nexpect: miracles\ncontent-length: 0\nconnection: close\n\n',
    ),
    bytes(
      'trailers of a request',
      200,
      'POST /requests/facts HTTP/1.1\nhost: HOST\ntransfer-encoding: chunked\ntrailer: x-sum\nconnection: close\n\n2\nab\n0\nx-sum: 7\n\n',
    ),
    bytes(
      'headers that are too large',
      431,
      `GET /requests/facts HTTP/1.1\nhost: HOST\nx: ${'y'.repeat(20_000)}\nconnection: close\n\n`,
    ),
    bytes(
      'an upgrade that nobody does',
      200,
      'GET /requests/only-get HTTP/1.1\nhost: HOST\nconnection: upgrade, close\nupgrade: chat\n\n',
    ),
  ];
}
