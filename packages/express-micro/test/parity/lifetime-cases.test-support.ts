import { finished } from 'node:stream';
import type { Request, Response } from 'express';
import { ask, get, one, type Topic } from './parity.test-support.ts';

/** From the first event to the last: callers that go away, connections that end, time that runs out. */
export const lifetimes: Topic = {
  name: 'lifetimes',
  declare({ app, note }) {
    /** Every event of both, in one row. */
    const inOrder = (req: Request, res: Response, prefix = '') => {
      for (const event of ['end', 'close', 'aborted']) req.on(event, () => note(req, `${prefix}req ${event}`, res.writableEnded));
      for (const event of ['finish', 'close'])
        res.on(event, () => note(req, `${prefix}res ${event}`, [req.complete, res.writableFinished]));
    };
    app.all('/lifetimes/order', (req, res) => {
      inOrder(req, res);
      res.send('in order');
      note(req, 'sent');
    });
    app.all('/lifetimes/order-read', (req, res) => {
      inOrder(req, res);
      req.resume().on('end', () => void res.send('read first'));
    });
    app.get('/lifetimes/finished', (req, res) => {
      finished(res, (error) => note(req, 'res over', error?.message ?? null));
      finished(req, (error) => note(req, 'req over', error?.message ?? null));
      res.send('finished');
    });
    app.all('/lifetimes/never', (req, res) => {
      inOrder(req, res);
      finished(res, (error) => note(req, 'res over', (error as { code?: string })?.code ?? null));
      note(req, 'waiting');
    });
    app.get('/lifetimes/begun', (req, res) => {
      inOrder(req, res);
      res.write('begun', () => note(req, 'waiting'));
    });
    app.get('/lifetimes/answers-late', (req, res) => {
      note(req, 'waiting');
      res.on('close', () => {
        res.on('error', (error) => note(req, 'error', (error as { code?: string }).code));
        note(req, 'late', [res.writable, res.destroyed, res.write('late')]);
        res.send('late');
        note(req, 'after', [res.headersSent, res.writableEnded]);
      });
    });
    app.get('/lifetimes/destroyed', (req, res) => {
      inOrder(req, res);
      res.write('begun');
      setImmediate(() => res.destroy());
    });
    app.get('/lifetimes/destroyed-with', (req, res) => {
      inOrder(req, res);
      res.destroy(new Error('destroyed by its handler'));
    });
    app.get('/lifetimes/req-destroyed', (req, res) => {
      inOrder(req, res);
      req.destroy();
    });
    app.get('/lifetimes/socket-destroyed', (req, res) => {
      inOrder(req, res);
      res.socket?.destroy();
    });
    app.get('/lifetimes/short', (req, res) => {
      inOrder(req, res);
      res.set('content-length', '100').end('shorter than it says');
    });
    app.get('/lifetimes/req-timeout', (req, res) => {
      req.setTimeout(20, () => {
        note(req, 'req timeout');
        res.status(503).send('too slow');
      });
    });
    app.get('/lifetimes/res-timeout', (req, res) => {
      note(
        req,
        'itself',
        res.setTimeout(20, () => {
          note(req, 'res timeout');
          res.status(503).send('too slow');
        }) === res,
      );
    });
    app.get('/lifetimes/silent-timeout', (_req, res) => void res.setTimeout(20));
    app.get('/lifetimes/timeout-in-time', (req, res) => {
      req.setTimeout(60_000);
      res.setTimeout(60_000, () => note(req, 'never'));
      res.send('in time');
    });
    app.get('/lifetimes/later', (req, res) => {
      inOrder(req, res);
      setTimeout(() => void res.json({ writable: res.writable, destroyed: req.destroyed, isHere: req.socket?.destroyed }), 10);
    });
    app.get('/lifetimes/after', (req, res) => {
      res.on('close', () =>
        note(req, 'after close', [
          res.socket === null,
          req.socket !== null,
          res.headersSent,
          res.getHeader('content-type'),
          req.get('host'),
        ]),
      );
      res.on('finish', () => note(req, 'after finish', [res.socket === null, res.writableEnded, res.statusCode]));
      res.send('over');
    });
    app.get('/lifetimes/listeners', (req, res) => {
      req.once('close', () => note(req, 'once'));
      res.once('finish', () => note(req, 'once', res.listenerCount('finish')));
      res.on('pipe', () => note(req, 'never'));
      res.send('listened');
    });
    app.get('/lifetimes/max-listeners', (req, res) => void res.json([req.getMaxListeners(), res.getMaxListeners()]));
    app.get('/lifetimes/async', async (req, res) => {
      inOrder(req, res);
      await new Promise((resolve) => setTimeout(resolve, 5));
      res.send('after a while');
    });
  },
  cases: [
    one('order of events', get('/lifetimes/order', 200)),
    one('order of events, HEAD', ask('HEAD', '/lifetimes/order', 200)),
    one('order of events, a body', ask('POST', '/lifetimes/order', 200, { 'content-type': 'text/plain' }, 'x')),
    one(
      'order of events, a body in chunks',
      ask('POST', '/lifetimes/order-read', 200, { 'content-type': 'text/plain' }, ['x', 'y']),
    ),
    one('order of events, a body that is read', ask('POST', '/lifetimes/order-read', 200, { 'content-type': 'text/plain' }, 'x')),
    one('order of events, no body', ask('POST', '/lifetimes/order-read', 200)),
    one('stream.finished', get('/lifetimes/finished', 200)),
    one('no answer, and the caller goes', { ...get('/lifetimes/never', undefined), isCancelled: true }),
    one('no answer to a POST, and the caller goes', {
      ...ask('POST', '/lifetimes/never', undefined, { 'content-type': 'text/plain' }, 'x'),
      isCancelled: true,
    }),
    one('half an answer, and the caller goes', { ...get('/lifetimes/begun', undefined), isCancelled: true }),
    one('an answer for a caller who is gone', { ...get('/lifetimes/answers-late', undefined), isCancelled: true }),
    one('destroyed in the middle', get('/lifetimes/destroyed', 200)),
    one('destroyed with an error', get('/lifetimes/destroyed-with', undefined)),
    one('the request is destroyed', get('/lifetimes/req-destroyed', undefined)),
    one('the socket is destroyed', get('/lifetimes/socket-destroyed', undefined)),
    one('req.setTimeout of a request that is complete', get('/lifetimes/req-timeout', undefined)),
    one('res.setTimeout', get('/lifetimes/res-timeout', 503)),
    one('res.setTimeout without a listener', get('/lifetimes/silent-timeout', undefined)),
    one('time-outs that do not come', get('/lifetimes/timeout-in-time', 200)),
    one('an answer of later', get('/lifetimes/later', 200)),
    one('what is left after the end', get('/lifetimes/after', 200)),
    one('listeners', get('/lifetimes/listeners', 200)),
    one('limits of listeners', get('/lifetimes/max-listeners', 200)),
    one('an async handler', get('/lifetimes/async', 200)),
  ],
};
