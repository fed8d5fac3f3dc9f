import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { ask, get, one, type Topic } from './parity.test-support.ts';

const LONG_AGO = 'Sat, 03 Feb 2024 04:05:06 GMT';

/** Files: express.static, res.sendFile, res.download. */
export const files: Topic = {
  name: 'files',
  declare({ express, app, files: root, note }) {
    app.use('/files/static', express.static(root));
    app.use('/files/cached', express.static(root, { maxAge: '1d', immutable: true, etag: false, index: false, redirect: false }));
    app.use(
      '/files/open',
      express.static(root, { dotfiles: 'allow', lastModified: false, extensions: ['html'], acceptRanges: false }),
    );
    app.use('/files/closed', express.static(root, { dotfiles: 'deny', fallthrough: false }));
    app.use(
      '/files/headed',
      express.static(root, { setHeaders: (res, path) => void res.setHeader('x-path', path.slice(root.length)) }),
    );
    app.get('/files/send', (_req, res) => void res.sendFile(join(root, 'data.bin')));
    app.get(
      '/files/send-root',
      (_req, res) => void res.sendFile('page.html', { root, maxAge: 60_000, headers: { 'x-own': '1' } }),
    );
    app.get('/files/send-missing', (_req, res) => void res.sendFile(join(root, 'missing')));
    app.get('/files/send-told', (req, res) => {
      res.sendFile('missing', { root }, (error) => {
        note(req, 'told', {
          name: error?.name,
          code: (error as { code?: string })?.code,
          status: (error as { status?: number })?.status,
        });
        res.status(410).send('gone');
      });
    });
    app.get(
      '/files/send-done',
      (req, res) => void res.sendFile('page.html', { root }, (error) => note(req, 'done', error?.message ?? null)),
    );
    app.get('/files/send-outside', (_req, res) => void res.sendFile('../secret', { root }));
    app.get('/files/send-relative', (_req, res) => void res.sendFile('page.html'));
    app.get('/files/send-hidden', (_req, res) => void res.sendFile('.hidden', { root }));
    app.get('/files/send-typed', (_req, res) => void res.type('text/x-own').sendFile('page.html', { root }));
    app.get('/files/download', (_req, res) => void res.download(join(root, 'data.bin')));
    app.get('/files/download-as', (_req, res) => void res.download(join(root, 'page.html'), 'Übersicht.html', { maxAge: 5_000 }));
    app.get('/files/download-missing', (_req, res) => void res.download(join(root, 'missing')));
    app.get('/files/stream', (_req, res) => void createReadStream(join(root, 'data.bin')).pipe(res.type('bin')));
    app.get(
      '/files/stream-missing',
      (_req, res, next) => void createReadStream(join(root, 'missing')).once('error', next).pipe(res),
    );
  },
  cases: [
    one('static', get('/files/static/page.html', 200)),
    one('static HEAD', ask('HEAD', '/files/static/page.html', 200)),
    one('static POST', ask('POST', '/files/static/page.html', 404)),
    one('static bytes', get('/files/static/data.bin', 200)),
    one('static, an empty file', get('/files/static/empty.txt', 200)),
    one('static, a script', get('/files/static/script.js', 200)),
    one('static, a folder redirects', get('/files/static/sub', 301)),
    one('static, index', get('/files/static/sub/', 200), { notByCall: 'a call sends no empty segment' }),
    one('static, missing', get('/files/static/missing.html', 404)),
    one('static, hidden', get('/files/static/.hidden', 404)),
    one('static, out of the folder', get('/files/static/..%2fsecret', 404), { notByCall: 'a call refuses such a segment' }),
    one('static, a zero byte', get('/files/static/a%00b', 404), { notByCall: 'a call refuses control characters' }),
    ...(
      [
        ['the first bytes', 'bytes=0-9', 206],
        ['a middle', 'bytes=500-599', 206],
        ['the last bytes', 'bytes=-10', 206],
        ['from somewhere', 'bytes=990-', 206],
        ['several', 'bytes=0-1,5-6', 200],
        ['beyond the end', 'bytes=2000-', 416],
        ['nonsense', 'pages=1', 200],
      ] as const
    ).map(([name, range, status]) => one(`static range: ${name}`, get('/files/static/data.bin', status, { range }))),
    one('static range of HEAD', ask('HEAD', '/files/static/data.bin', 206, { range: 'bytes=0-9' })),
    {
      name: 'static, conditional',
      asks: [
        get('/files/static/page.html', 200),
        ([first]) => get('/files/static/page.html', 304, { 'if-none-match': first?.headers?.etag?.[0] ?? '' }),
        get('/files/static/page.html', 304, { 'if-modified-since': LONG_AGO }),
        get('/files/static/page.html', 412, { 'if-match': '"other"' }),
        get('/files/static/page.html', 412, { 'if-unmodified-since': 'Sat, 03 Feb 2018 04:05:06 GMT' }),
        ([first]) => get('/files/static/page.html', 206, { range: 'bytes=0-3', 'if-range': first?.headers?.etag?.[0] ?? '' }),
        get('/files/static/page.html', 200, { range: 'bytes=0-3', 'if-range': '"other"' }),
      ],
    },
    one('static, kept for a day', get('/files/cached/page.html', 200)),
    one('static, no redirect', get('/files/cached/sub', 404)),
    one('static, hidden and allowed', get('/files/open/.hidden', 200)),
    one('static, an extension is found', get('/files/open/page', 200)),
    one('static, without ranges', get('/files/open/data.bin', 200, { range: 'bytes=0-9' })),
    one('static, hidden and denied', get('/files/closed/.hidden', 403)),
    one('static, missing and not passed on', get('/files/closed/none', 404)),
    one('static, POST and not passed on', ask('POST', '/files/closed/page.html', 405)),
    one('static, headers of ours', get('/files/headed/page.html', 200)),
    one('sendFile', get('/files/send', 200)),
    one('sendFile HEAD', ask('HEAD', '/files/send', 200)),
    one('sendFile range', get('/files/send', 206, { range: 'bytes=100-199' })),
    one('sendFile with a root and an age', get('/files/send-root', 200)),
    one('sendFile not modified', get('/files/send-root', 304, { 'if-modified-since': LONG_AGO })),
    one('sendFile of none', get('/files/send-missing', 404)),
    one('sendFile of none, told', get('/files/send-told', 410)),
    one('sendFile, told of its end', get('/files/send-done', 200)),
    one('sendFile, told of the end of HEAD', ask('HEAD', '/files/send-done', 200)),
    one('sendFile out of its root', get('/files/send-outside', 403)),
    one('sendFile of a relative path', get('/files/send-relative', 500)),
    one('sendFile of a hidden one', get('/files/send-hidden', 404)),
    one('sendFile of another type', get('/files/send-typed', 200)),
    one('download', get('/files/download', 200)),
    one('download range', get('/files/download', 206, { range: 'bytes=0-0' })),
    one('download by another name', get('/files/download-as', 200)),
    one('download of none', get('/files/download-missing', 404)),
    one('a stream of a file', get('/files/stream', 200)),
    one('a stream of no file', get('/files/stream-missing', 500)),
  ],
};
