import type { ErrorRequestHandler } from 'express';
import { ask, get, one, type Topic } from './parity.test-support.ts';

/** What goes wrong in a handler, before and after the answer has begun. */
export const errors: Topic = {
  name: 'errors',
  declare({ express, app, note, version }) {
    const fail: Record<string, () => never> = {
      thrown: () => {
        throw new Error('secret text');
      },
      status: () => {
        throw Object.assign(new Error('teapot'), { status: 418, expose: true });
      },
      'status-code': () => {
        throw Object.assign(new Error('code'), { statusCode: 503, headers: { 'retry-after': '7', 'x-of-error': 'a' } });
      },
      'bad-status': () => {
        throw Object.assign(new Error('bad'), { status: 200 });
      },
      text: () => {
        throw 'only text';
      },
    };
    for (const [name, run] of Object.entries(fail)) {
      app.all(`/errors/${name}`, run);
      app.get(`/errors/next/${name}`, (_req, _res, next) => {
        try {
          run();
        } catch (error) {
          next(error);
        }
      });
      if (version === 'Express 5') app.get(`/errors/async/${name}`, async () => Promise.resolve().then(run));
      app.get(`/errors/headers/${name}`, (_req, res) => {
        res.set({ 'content-type': 'text/x-before', 'x-before': '1', etag: '"before"' }).status(207);
        run();
      });
    }
    app.get('/errors/later', (_req, _res, next) => void setImmediate(() => next(new Error('later'))));
    app.get('/errors/after-head', (_req, res, next) => {
      res.write('begun');
      setImmediate(() => next(new Error('too late')));
    });
    app.get('/errors/thrown-after-head', (_req, res) => {
      res.set('content-length', '20').write('begun');
      throw new Error('too late');
    });
    app.get('/errors/after-end', (_req, res, next) => {
      res.send('sent');
      next(new Error('after the end'));
    });
    app.get('/errors/next-after-end', (_req, res, next) => {
      res.send('sent');
      next();
    });
    app.get('/errors/nul', (_req, _res, next) => next(null));
    app.get('/errors/router', (_req, _res, next) => next('router'));

    const handled = express.Router();
    handled.get('/thrown', fail.thrown as never);
    handled.get('/again', fail.thrown as never);
    handled.get('/passed', fail.status as never);
    handled.get('/after-head', (_req, res) => {
      res.write('begun');
      throw new Error('too late');
    });
    const handler: ErrorRequestHandler = (error, req, res, next) => {
      note(req, 'handled', { text: String(error), sent: res.headersSent });
      if (req.path === '/again') throw new Error('in the handler');
      if (req.path === '/passed' || res.headersSent) next(error);
      else res.status(500).json({ error: error.message });
    };
    handled.use(handler);
    app.use('/errors/handled', handled);
    app.post('/errors/unread', () => {
      throw new Error('with a body that nobody reads');
    });
  },
  cases: [
    ...['thrown', 'status', 'status-code', 'bad-status', 'text'].flatMap((name) => {
      const status = { status: 418, 'status-code': 503 }[name] ?? 500;
      return [
        one(`an error: ${name}`, get(`/errors/${name}`, status)),
        one(`an error of HEAD: ${name}`, ask('HEAD', `/errors/${name}`, status)),
        one(`an error by next: ${name}`, get(`/errors/next/${name}`, status)),
        one(`an error of a promise: ${name}`, get(`/errors/async/${name}`, status), { only: 'Express 5' }),
        // An error without a status takes the one that was set, from 400 on.
        one(`an error after headers were set: ${name}`, get(`/errors/headers/${name}`, status)),
      ];
    }),
    one('an error of later', get('/errors/later', 500)),
    one('an error after the head', get('/errors/after-head', 200)),
    one('thrown after the head', get('/errors/thrown-after-head', undefined)),
    one('an error after the end', get('/errors/after-end', 200)),
    one('next after the end', get('/errors/next-after-end', 200)),
    one('next(null)', get('/errors/nul', 404)),
    one("next('router')", get('/errors/router', 404)),
    one('a handler of errors', get('/errors/handled/thrown', 500)),
    one('a handler of errors that throws', get('/errors/handled/again', 500)),
    one('a handler of errors that passes on', get('/errors/handled/passed', 418)),
    one('a handler of errors after the head', get('/errors/handled/after-head', 200)),
    one(
      'an error and a body that nobody reads',
      ask('POST', '/errors/unread', 500, { 'content-type': 'text/plain' }, 'x'.repeat(100_000)),
    ),
  ],
};
