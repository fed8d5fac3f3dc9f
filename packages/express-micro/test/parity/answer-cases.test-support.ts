import { Readable } from 'node:stream';
import type { Response } from 'express';
import { type Answer, ask, type Case, get, one, type Topic } from './parity.test-support.ts';

const TAG = (answer: Answer | undefined) => answer?.headers?.etag?.[0] ?? 'none';

/** Every way in which Express itself answers. */
export const answers: Topic = {
  name: 'answers',
  declare({ express, app }) {
    const kinds: Record<string, (res: Response) => unknown> = {
      text: (res) => res.send('plain <b>ü</b> 😀'),
      json: (res) => res.json({ a: [1, null, 'ü😀'], at: new Date(0) }),
      null: (res) => res.json(null),
      number: (res) => res.json(7),
      buffer: (res) => res.send(Buffer.from([0, 1, 254, 255])),
      view: (res) => res.type('bin').send(Buffer.from(Uint8Array.of(1, 2, 3))),
      empty: (res) => res.send(''),
      nothing: (res) => res.send(),
      end: (res) => res.end(),
      typed: (res) => res.type('xml').send('<a/>'),
      latin: (res) => res.type('text/plain; charset=iso-8859-1').send('caf\u00e9'),
      sendStatus: (res) => res.sendStatus(418),
      created: (res) => res.status(201).location('/answers/a b/ü').json({ id: 7 }),
      noContent: (res) => res.status(204).send('dropped'),
      resetContent: (res) => res.status(205).send('dropped'),
      notModified: (res) => res.status(304).json({ dropped: true }),
      noContentEnd: (res) => res.status(204).set('x-kept', '1').end('dropped'),
      redirect: (res) => res.redirect('/answers/text'),
      moved: (res) => res.redirect(301, 'https://example.com/ü?x=<y>'),
      cookie: (res) =>
        res
          .cookie('a', 'v ü', { httpOnly: true, path: '/x', sameSite: 'lax' })
          .cookie('b', { j: 1 })
          .clearCookie('c')
          .send('cookies'),
      append: (res) =>
        res
          .append('x-list', 'a')
          .append('x-list', ['b', 'c'])
          .append('set-cookie', 'x=1')
          .append('set-cookie', 'y=2')
          .send('appended'),
      links: (res) => res.links({ next: '/answers?page=2', last: '/answers?page=9' }).links({ first: '/answers' }).send('links'),
      vary: (res) =>
        res
          .vary('Accept')
          .vary(['Origin', 'accept'] as never)
          .send('vary'),
      attachment: (res) => res.attachment('résumé.pdf').send('content'),
      bareAttachment: (res) => res.attachment().send('content'),
      set: (res) => res.set({ 'X-Mixed-Case': '1', etag: '"own"' }).set('Content-Type', 'text/x-own').send('set'),
      removed: (res) => res.set('x-gone', '1').removeHeader('x-gone'),
      large: (res) => res.send('large body é'.repeat(9_000)),
      largeJson: (res) => res.json(Array.from({ length: 4_000 }, (_, id) => ({ id, text: `row ${id}` }))),
      piped: (res) => Readable.from([Buffer.from('one '), Buffer.from('two')]).pipe(res.type('text')),
      pipedLarge: (res) => Readable.from(Array.from({ length: 40 }, (_, at) => Buffer.alloc(4_000, at))).pipe(res.type('bin')),
      escaped: (res) => res.json({ html: '</script>&\u2028' }),
      customStatus: (res) => res.status(299).send('own status'),
      trailersAbsent: (res) =>
        res.set('cache-control', 'no-store').set('last-modified', new Date(1_000_000).toUTCString()).send('cached'),
    };
    for (const [name, answer] of Object.entries(kinds)) {
      app.all(`/answers/${name}`, (_req, res) => {
        answer(res);
        if (name === 'removed') res.send('removed');
      });
    }
    app.get('/answers/format', (_req, res) => {
      res.format({ text: () => res.send('text'), html: () => res.send('<p>html</p>'), json: () => res.json({ kind: 'json' }) });
    });
    app.get('/answers/format-default', (_req, res) => {
      res.format({ html: () => res.send('<p>html</p>'), default: () => res.status(406).send('none of these') });
    });
    app.get('/answers/jsonp', (_req, res) => void res.jsonp({ a: 1, b: '\u2028' }));

    const etags: [string, unknown][] = [
      ['weak', 'weak'],
      ['strong', 'strong'],
      ['off', false],
      ['own', () => '"made"'],
    ];
    for (const [name, setting] of etags) {
      const inner = express();
      inner.set('etag', setting).set('json spaces', 2).set('json escape', true).set('env', 'production');
      inner.get('/', (_req, res) => void res.json({ tagged: '<yes>', n: 1 }));
      inner.get('/modified', (_req, res) => void res.set('last-modified', 'Wed, 21 Feb 2024 07:28:00 GMT').send('modified'));
      app.use(`/answers/etag/${name}`, inner);
    }
    const quiet = express();
    quiet.disable('x-powered-by').set('env', 'production');
    quiet.get('/', (_req, res) => void res.send('quiet'));
    app.use('/answers/quiet', quiet);
  },
  cases: [
    ...'text json null number buffer view empty nothing end typed latin created cookie append links vary attachment bareAttachment set removed large largeJson piped pipedLarge escaped'
      .split(' ')
      .flatMap((name) => [
        one(`res: ${name}`, get(`/answers/${name}`, name === 'created' ? 201 : 200)),
        one(`HEAD, res: ${name}`, ask('HEAD', `/answers/${name}`, name === 'created' ? 201 : 200)),
      ]),
    ...(
      [
        ['sendStatus', 418],
        ['noContent', 204],
        ['resetContent', 205],
        ['notModified', 304],
        ['noContentEnd', 204],
        ['redirect', 302],
        ['moved', 301],
        ['customStatus', 299],
        ['trailersAbsent', 200],
      ] as const
    ).flatMap(([name, status]) => [
      one(`res: ${name}`, get(`/answers/${name}`, status)),
      one(`POST, res: ${name}`, ask('POST', `/answers/${name}`, status)),
      one(`HEAD, res: ${name}`, ask('HEAD', `/answers/${name}`, status)),
    ]),
    one('res.redirect for one who takes text', get('/answers/redirect', 302, { accept: 'text/plain' })),
    one('res.redirect for one who takes neither', get('/answers/redirect', 302, { accept: 'application/json' })),
    one('res.format: text', get('/answers/format', 200, { accept: 'text/plain' })),
    one('res.format: HTML', get('/answers/format', 200, { accept: 'text/html, */*;q=0.1' })),
    one('res.format: JSON', get('/answers/format', 200, { accept: 'application/json' })),
    one('res.format: none of them', get('/answers/format', 406, { accept: 'image/png' })),
    one('res.format: the default', get('/answers/format-default', 406, { accept: 'image/png' })),
    one('res.format without a wish', get('/answers/format', 200)),
    one('res.jsonp without a callback', get('/answers/jsonp', 200)),
    one('res.jsonp', get('/answers/jsonp?callback=call%5B0%5D.it', 200)),
    ...['weak', 'strong', 'off', 'own'].flatMap((name) => etagCases(name)),
    one('without x-powered-by', get('/answers/quiet', 200)),
  ],
};

function etagCases(name: string): Case[] {
  const path = `/answers/etag/${name}`;
  const again = name === 'off' ? 200 : 304;
  return [
    {
      name: `ETag ${name}: first, again, again with another`,
      asks: [
        get(path, 200),
        ([first]) => get(path, again, { 'if-none-match': TAG(first) }),
        ([first]) => get(path, again, { 'if-none-match': `"x", ${TAG(first)}` }),
        get(path, 200, { 'if-none-match': '"other"' }),
        ([first]) => get(path, 200, { 'if-none-match': TAG(first), 'cache-control': 'no-cache' }),
        ([first]) => ask('HEAD', path, again, { 'if-none-match': TAG(first) }),
      ],
    },
    one(
      `ETag ${name}: not modified since`,
      get(`${path}/modified`, 304, { 'if-modified-since': 'Wed, 21 Feb 2024 07:28:00 GMT' }),
    ),
    one(`ETag ${name}: modified since`, get(`${path}/modified`, 200, { 'if-modified-since': 'Tue, 20 Feb 2024 07:28:00 GMT' })),
  ];
}
