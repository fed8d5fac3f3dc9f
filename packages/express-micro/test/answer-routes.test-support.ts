import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type express from 'express';
import type { App } from './fleet.test-support.ts';

const require = createRequire(import.meta.url);
const [compression, helmet, cookieParser, session, morgan] = [
  require('compression'),
  require('helmet').default,
  require('cookie-parser'),
  require('express-session'),
  require('morgan'),
];
const HERE = fileURLToPath(import.meta.url);
const FILE = fileURLToPath(new URL('./fleet.test-support.ts', import.meta.url));

/** Over HTTP each call proves its caller; a link has done so before. */
const names = (req: express.Request) => Object.keys(req.headers).filter((name) => name !== 'express-micro-caller');

/** What handlers and middleware have seen. */
export const logged: string[] = [];

/** One route for each way to answer that an app has. */
export function answerRoutes(expressOf: typeof express): (app: App) => void {
  return (app) => {
    app.get('/json/:id', (req, res) => void res.json({ id: req.params.id, q: req.query, ü: 'ß🙂' }));
    app.get('/status', (_req, res) => void res.status(203).json([1, 2]));
    app.get('/falsy/:what', (req, res) => {
      const value = { null: null, zero: 0, no: false, text: '', none: undefined }[req.params.what as 'zero'];
      res.json(value);
    });
    app.get('/text', (_req, res) => void res.send('plain ü'));
    app.get('/type', (_req, res) => void res.type('text/csv').send('a,b'));
    app.get('/bytes', (_req, res) => void res.send(Buffer.from([0, 1, 254, 255])));
    app.get('/latin', (_req, res) => void res.set('X-Latin', 'caf\u00e9').type('text/plain').end('caf\u00e9', 'latin1'));
    app.get('/empty', (_req, res) => void res.end());
    app.get('/none', (_req, res) => void res.status(204).end());
    app.get('/none-json', (_req, res) => void res.status(204).json({ not: 'sent' }));
    app.get('/reset', (_req, res) => void res.status(205).json({ not: 'sent' }));
    app.get('/redirect', (_req, res) => void res.redirect('/json/1'));
    app.get('/moved', (_req, res) => void res.redirect(301, '/json/1'));
    app.get('/cookies', (_req, res) => void res.cookie('a', '1').cookie('b', '2', { httpOnly: true }).json({ ok: true }));
    app.get('/many', (_req, res) => void res.append('Link', '<a>').append('Link', '<b>').vary('Accept').json(1));
    app.get('/head', (_req, res) => void res.writeHead(202, 'Taken In', { 'X-A': '1', 'Content-Type': 'text/plain' }).end('in'));
    app.get('/head-list', (_req, res) => void res.writeHead(200, ['X-A', '1', 'X-B', '2'] as never).end('in'));
    app.get('/own-length', (_req, res) => void res.set('Content-Length', '3').end('abc'));
    app.get('/no-date', (_req, res) => {
      res.sendDate = false;
      res.removeHeader('X-Powered-By');
      res.end('x');
    });
    app.get('/chunks', (_req, res) => {
      res.write('one ');
      res.write(Buffer.from('two '));
      setTimeout(() => res.end('three'), 5);
    });
    app.get('/flushed', (_req, res) => {
      res.type('text/plain').flushHeaders();
      setImmediate(() => res.end('later'));
    });
    app.get('/large', (_req, res) => void res.json({ large: 'x'.repeat(300_000) }));
    app.get('/larger', (_req, res) => {
      res.type('text/plain');
      for (let i = 0; i < 40; i++) res.write('y'.repeat(50_000));
      res.end();
    });
    app.get('/pipe', (_req, res) => void Readable.from(['a', 'b', 'c']).pipe(res.type('text/plain')));
    app.get('/file', (_req, res) => void res.sendFile(HERE));
    app.get('/download', (_req, res) => void res.download(FILE, 'support.ts'));
    app.get('/format', (_req, res) => void res.format({ json: () => void res.json('json'), html: () => void res.send('html') }));
    app.get('/jsonp', (_req, res) => void res.jsonp({ a: 1 }));
    app.get('/trailers', (_req, res) => {
      res.setHeader('Trailer', 'X-Sum');
      res.write('body');
      res.addTrailers({ 'X-Sum': '1' });
      res.end();
    });
    app.get('/hints', (_req, res) => {
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => res.json('hinted'));
    });
    app.get('/cork', (_req, res) => {
      res.cork();
      res.write('a');
      res.write('b');
      res.uncork();
      res.end('c');
    });
    app.get('/late', (_req, res) => {
      res.json({ a: 1 });
      logged.push(
        `${res.headersSent} ${res.getHeader('etag')} ${res.get('Content-Type')} ${res.getHeaderNames().join()} ${res.writableEnded}`,
      );
    });
    app.get('/twice', (_req, res) => {
      res.json({ a: 1 });
      try {
        res.json({ b: 1 });
      } catch (error) {
        logged.push((error as { code: string }).code);
      }
    });
    app.get('/events', (_req, res) => {
      const seen: string[] = [];
      for (const event of ['prefinish', 'finish', 'close']) res.on(event, () => seen.push(event));
      res.on('close', () => logged.push(`${seen.join()} ${res.writableFinished} ${res.destroyed} ${res.socket === null}`));
      res.json({ a: 1 });
    });
    app.get('/after', (_req, res) => {
      res.json({ a: 1 });
      res.on('finish', () => logged.push(`finish after ${res.writableFinished}`));
    });
    app.get('/request', (req, res) => {
      const { method, url, originalUrl, httpVersion, ip, protocol, secure, hostname, complete } = req;
      res.json({ method, url, originalUrl, httpVersion, ip, protocol, secure, hostname, complete, names: names(req) });
    });
    app.get('/whole-request', (req, res) => {
      req.on('data', () => logged.push('data'));
      req.on('end', () => res.json({ ended: true, complete: req.complete }));
    });
    app.get('/thrown', () => {
      throw new Error('thrown');
    });
    app.get('/handed', (_req, _res, next) => next(Object.assign(new Error('handed'), { status: 409 })));
    app.get('/refused', (_req, res) => void res.status(422).json({ fields: ['a'] }));
    app.get('/cut', (req) => void req.socket.destroy());
    app.get('/cut-answer', (_req, res) => {
      res.write('half');
      setTimeout(() => res.destroy(), 5);
    });
    app.get('/cut-request', (req) => void req.destroy());
    const json = expressOf.json({
      limit: 2_000,
      reviver: (key, value) => (key === 'n' ? value + 1 : value),
      verify: (_req, _res, body) => void logged.push(`verified ${body.length}`),
    });
    app.post('/json', json, (req, res) => void res.status(201).json({ body: req.body, length: req.get('content-length') }));
    app.post('/text', expressOf.text(), (req, res) => void res.json({ body: req.body, type: req.get('content-type') }));
    app.post('/raw', expressOf.raw({ type: '*/*' }), (req, res) => void res.send(req.body));
    app.put('/form', expressOf.urlencoded({ extended: true }), (req, res) => void res.json(req.body));
    app.post('/unread', (_req, res) => void res.json('unread'));
    app.post('/piped', (req, res) => void req.pipe(res.type('text/plain')));
    app.use('/static', expressOf.static(fileURLToPath(new URL('.', import.meta.url))));
    app.get('/static/fleet.test-support.ts', (_req, res) => void res.end());
    app.get('/compressed', compression({ threshold: 0 }), (_req, res) => void res.json({ text: 'z'.repeat(5_000) }));
    app.get('/helmet', helmet(), (_req, res) => void res.json({ safe: true }));
    app.get('/parsed-cookies', cookieParser('secret'), (req, res) => void res.json(req.cookies));
    app.get('/session', session({ secret: 's', resave: false, saveUninitialized: true, genid: () => 'fixed' }), (req, res) => {
      (req as never as { session: { n: number } }).session.n = 1;
      res.json({ n: 1 });
    });
    const stream = { write: (line: string) => void logged.push(line.trim()) };
    app.get(
      '/morgan',
      morgan(':method :url :status :res[content-length] :res[etag]', { stream }),
      (_req, res) => void res.json({ m: 1 }),
    );
    app.get('/wrapped', (_req, res) => {
      const { end } = res;
      res.end = function wrapped(this: typeof res, ...args: unknown[]) {
        logged.push(`end of ${String(args[0]).length}`);
        return (end as (...all: unknown[]) => never).apply(this, args);
      } as never;
      res.json({ w: 1 });
    });
  };
}
