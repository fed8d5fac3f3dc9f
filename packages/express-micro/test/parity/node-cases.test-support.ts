import type { Request, Response } from 'express';
import { ask, get, one, type Topic } from './parity.test-support.ts';

/** Answers by the means of Node, below Express. */
export const node: Topic = {
  name: 'node',
  declare({ app, note }) {
    const kinds: Record<string, (res: Response, req: Request) => unknown> = {
      writes: (res) => {
        res.write('one ');
        res.write(Buffer.from('two '));
        res.write('drei \u00fc', 'latin1');
        res.end('end');
      },
      'writes-later': (res) => {
        res.write('one ');
        setImmediate(() => {
          res.write('two ');
          setImmediate(() => res.end('three'));
        });
      },
      'told-of-writes': (res, req) => {
        res.write('one ', () => note(req, 'written'));
        res.end('two', () => note(req, 'ended'));
      },
      'with-length': (res) => {
        res.setHeader('Content-Length', 6);
        res.write('abc');
        res.end('def');
      },
      head: (res) => res.writeHead(201, { 'X-One': '1', 'content-type': 'text/plain' }).end('by object'),
      'head-with-message': (res) => res.writeHead(202, 'Very Much So', { 'x-one': '1' }).end('with a message'),
      'head-by-array': (res) => res.writeHead(200, ['X-One', '1', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2']).end('by array'),
      'head-over-set': (res) => {
        res.setHeader('x-one', 'before');
        res.setHeader('x-kept', 'kept');
        res.writeHead(200, { 'X-One': 'after', 'x-many': ['a', 'b'] } as never).end('over');
      },
      'message-alone': (res) => {
        res.statusMessage = 'Own Words';
        res.end('own words');
      },
      'flushed-headers': (res) => {
        res.setHeader('x-flushed', '1');
        res.flushHeaders();
        setImmediate(() => res.end('after the headers'));
      },
      hints: (res) => {
        res.writeEarlyHints({ link: '</style.css>; rel=preload', 'x-trace': 'id' });
        res.end('after the hints');
      },
      processing: (res) => {
        res.writeProcessing();
        res.end('processed');
      },
      trailers: (res) => {
        res.writeHead(200, { trailer: 'x-sum' });
        res.write('body');
        res.addTrailers({ 'x-sum': '4' });
        res.end();
      },
      'no-date': (res) => {
        res.sendDate = false;
        res.end('no date');
      },
      corked: (res) => {
        res.cork();
        for (let at = 0; at < 5; at++) res.write(`${at} `);
        res.uncork();
        res.end();
      },
      'closes-connection': (res) => res.setHeader('connection', 'close').end('closed'),
      'not-kept-alive': (res) => {
        res.shouldKeepAlive = false;
        res.end('not kept');
      },
      'ends-twice': (res, req) => {
        res.end('once');
        res.end('twice');
        res.on('error', (error) => note(req, 'error', (error as { code?: string }).code));
        note(req, 'written after the end', res.write('late'));
      },
      'body-of-204': (res) => {
        res.statusCode = 204;
        res.write('dropped');
        res.end('dropped');
      },
      'body-of-304': (res) => res.writeHead(304, { etag: '"x"' }).end('dropped'),
      'binary-chunks': (res) => {
        for (let at = 0; at < 10; at++) res.write(Buffer.alloc(9_000, at));
        res.end(Buffer.from([255]));
      },
      'headers-after': (res, req) => {
        res.end('sent');
        const attempts: Record<string, () => unknown> = {
          set: () => res.setHeader('x-late', '1'),
          append: () => res.append('x-late', '1'),
          remove: () => res.removeHeader('x-powered-by'),
          head: () => res.writeHead(500),
          status: () => res.status(500).statusCode,
          json: () => res.json({}),
        };
        for (const [name, attempt] of Object.entries(attempts)) {
          try {
            attempt();
            note(req, name, 'no error');
          } catch (error) {
            note(req, name, (error as { code?: string }).code);
          }
        }
      },
      'bad-headers': (res, req) => {
        const attempts: [string, unknown][] = [
          ['bad name', 'x'],
          ['x-bad', 'a\nb'],
          ['x-undefined', undefined],
          ['x-snowman', '\u2603'],
        ];
        for (const [name, value] of attempts) {
          try {
            res.setHeader(name, value as string);
            note(req, name, 'no error');
          } catch (error) {
            note(req, name, (error as { code?: string }).code);
          }
        }
        res.end('all refused');
      },
      'bad-status': (res) => {
        res.statusCode = 1_000;
        res.end();
      },
      'async-iterated': async (res) => {
        for (const part of ['a', 'b', 'c']) {
          await new Promise((resolve) => setImmediate(resolve));
          res.write(part);
        }
        res.end();
      },
      'server-sent-events': (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
        res.write('data: one\n\n');
        setTimeout(() => res.end('data: two\n\n'), 5);
      },
    };
    for (const [name, answer] of Object.entries(kinds)) {
      app.all(`/node/${name}`, (req, res, next) => {
        try {
          answer(res, req);
        } catch (error) {
          next(error);
        }
      });
    }
    app.all('/node/kinds', (_req, res) => void res.json(Object.keys(kinds)));
  },
  cases: [
    ...'writes writes-later told-of-writes with-length head-by-array head-over-set message-alone flushed-headers hints processing no-date corked closes-connection not-kept-alive ends-twice binary-chunks headers-after bad-headers async-iterated server-sent-events'
      .split(' ')
      .flatMap((name) => [
        one(name, get(`/node/${name}`, 200)),
        one(`${name}, POST`, ask('POST', `/node/${name}`, 200, { 'content-type': 'text/plain' }, 'x')),
        one(`${name}, HEAD`, ask('HEAD', `/node/${name}`, 200)),
      ]),
    one('writeHead with an object', get('/node/head', 201)),
    one('writeHead with a message', get('/node/head-with-message', 202)),
    one('trailers', get('/node/trailers', 200)),
    one('the body of a 204', get('/node/body-of-204', 204)),
    one('the body of a 304', get('/node/body-of-304', 304)),
    one('a status that there is not', get('/node/bad-status', 500)),
  ],
};
