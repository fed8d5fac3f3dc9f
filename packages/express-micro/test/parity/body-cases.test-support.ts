import { createHash } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { multer } from './middleware.test-support.ts';
import { ask, one, type Topic } from './parity.test-support.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
const BYTES = { 'content-type': 'application/octet-stream' };
const LARGE = Buffer.alloc(100_000, 'large body ');
const BINARY = Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256));

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What a parser has left: JSON does not say `undefined` and shows bytes at length. */
function echo(req: Request, res: Response): void {
  const { body } = req as { body: unknown };
  const shown = Buffer.isBuffer(body) ? { bytes: body.length, digest: digest(body) } : body;
  const left = { complete: req.complete, ended: req.readableEnded, flowing: req.readableFlowing };
  res.json({ type: typeof body, body: shown ?? null, hasBody: 'body' in req, ...left });
}

const BOUNDARY = 'a-boundary-of-the-suite';
const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

function multipart(...parts: { name: string; file?: string; content: string | Buffer }[]): Buffer {
  const chunks = parts.flatMap(({ name, file, content }) => [
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n`,
    file === undefined ? '\r\n' : 'Content-Type: application/octet-stream\r\n\r\n',
    content,
    '\r\n',
  ]);
  return Buffer.concat([...chunks, `--${BOUNDARY}--\r\n`].map((chunk) => Buffer.from(chunk as string)));
}

/** Bodies on their way in. */
export const bodies: Topic = {
  name: 'bodies',
  declare({ express, app, note }) {
    app.post('/bodies/json', express.json(), echo);
    app.all('/bodies/any-method', express.json(), echo);
    app.post('/bodies/lenient', express.json({ strict: false, type: ['json', 'text/plain'] }), echo);
    app.post('/bodies/small', express.json({ limit: 20 }), echo);
    app.post('/bodies/no-inflate', express.json({ inflate: false }), echo);
    app.post('/bodies/revived', express.json({ reviver: (key, value) => (key === 'n' ? value * 2 : value) }), echo);
    const verify = (req: object, _res: object, raw: Buffer, encoding: string) => {
      note(req, 'verified', { raw, encoding });
      if (raw.includes('evil')) throw Object.assign(new Error('refused'), { status: 403 });
    };
    app.post('/bodies/verified', express.json({ verify }), echo);
    app.post('/bodies/form', express.urlencoded({ extended: true }), echo);
    app.post('/bodies/simple-form', express.urlencoded({ extended: false, parameterLimit: 3 }), echo);
    app.post('/bodies/text', express.text(), echo);
    app.post('/bodies/raw', express.raw({ limit: '1mb' }), echo);
    app.post('/bodies/all', express.json(), express.urlencoded({ extended: true }), express.text(), express.raw(), echo);
    const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1_000 } });
    const shown = (req: Request, res: Response) => {
      const {
        files = [],
        file,
        body,
      } = req as unknown as { files?: { buffer: Buffer }[]; file?: { buffer: Buffer }; body: object };
      const all = [...files, ...(file ? [file] : [])].map(({ buffer, ...rest }) => ({ ...rest, digest: digest(buffer) }));
      res.json({ body, files: all });
    };
    app.post('/bodies/files', upload.any(), shown);
    app.post('/bodies/file', upload.single('one'), shown);
    app.post('/bodies/no-file', upload.none(), shown);

    app.post('/bodies/chunks', async (req, res) => {
      let size = 0;
      for await (const chunk of req) size += (chunk as Buffer).length;
      res.json({ size, complete: req.complete, encoding: req.get('transfer-encoding') ?? null });
    });
    app.post('/bodies/piped', (req, res) => void req.pipe(res.type('bin')));
    app.post('/bodies/events', (req, res) => {
      const seen: string[] = [];
      req.on('data', () => seen.at(-1) === 'data' || seen.push('data'));
      for (const event of ['resume', 'pause', 'readable']) if (event !== 'readable') req.on(event, () => seen.push(event));
      req.on('end', () => void res.json({ seen, ended: req.readableEnded }));
    });
    app.post('/bodies/encoding', (req, res) => {
      let text = '';
      req.setEncoding('utf8');
      req.on('data', (chunk: string) => {
        text += chunk;
      });
      req.on('end', () => void res.json({ text }));
    });
    app.post('/bodies/paused', (req, res) => {
      req.pause();
      setImmediate(() => {
        let size = 0;
        req.on('data', (chunk: Buffer) => {
          size += chunk.length;
        });
        req.on('end', () => void res.json({ size }));
        req.resume();
      });
    });
    app.post('/bodies/unread', (_req, res) => void res.send('not read'));
    app.post('/bodies/early', (req, res) => {
      res.status(202).send('before the body was read');
      req.on('data', () => {});
    });
    app.post('/bodies/refused', (_req, res) => void res.status(401).set('connection', 'close').send('no'));
  },
  cases: [
    one('JSON', ask('POST', '/bodies/json', 200, JSON_TYPE, '{"a":[1,{"b":"ü😀"}]}')),
    one('JSON in chunks', ask('POST', '/bodies/json', 200, JSON_TYPE, ['{"a":', '"b', '"}'])),
    one('JSON by PUT, PATCH and DELETE', ask('PUT', '/bodies/any-method', 200, JSON_TYPE, '{"put":1}')),
    one('JSON by DELETE', ask('DELETE', '/bodies/any-method', 200, JSON_TYPE, '{"delete":1}')),
    one('JSON by GET', ask('GET', '/bodies/any-method', 200, JSON_TYPE, '{"get":1}')),
    one('JSON by PATCH', ask('PATCH', '/bodies/any-method', 200, JSON_TYPE, '{"patch":1}')),
    one('no body', ask('POST', '/bodies/json', 200)),
    one('an empty body that says to be JSON', ask('POST', '/bodies/json', 200, JSON_TYPE, '')),
    one('another type', ask('POST', '/bodies/json', 200, { 'content-type': 'application/xml' }, '<a/>')),
    one('a body without a type', ask('POST', '/bodies/json', 200, {}, '{"a":1}'), { notByCall: 'a call gives each body a type' }),
    one('broken JSON', ask('POST', '/bodies/json', 400, JSON_TYPE, '{"a":')),
    one('JSON that is no object', ask('POST', '/bodies/json', 400, JSON_TYPE, '"text"')),
    one('the same, leniently', ask('POST', '/bodies/lenient', 200, JSON_TYPE, '"text"')),
    one('text taken for JSON', ask('POST', '/bodies/lenient', 200, TEXT, '{"a":1}')),
    one(
      'a charset that nobody knows',
      ask('POST', '/bodies/json', 415, { 'content-type': 'application/json; charset=x-none' }, '{}'),
    ),
    one(
      'JSON in UTF-16',
      ask(
        'POST',
        '/bodies/json',
        200,
        { 'content-type': 'application/json; charset=utf-16le' },
        Buffer.from('{"a":"ü"}', 'utf16le'),
      ),
    ),
    one('over the limit', ask('POST', '/bodies/small', 413, JSON_TYPE, '{"a":"0123456789012345678901234567890123456789"}')),
    one(
      'over the limit, in chunks',
      ask('POST', '/bodies/small', 413, JSON_TYPE, ['{"a":"01234567890', '12345678901234567890123456789"}']),
    ),
    one(
      'far over the limit',
      ask('POST', '/bodies/json', 413, JSON_TYPE, Buffer.concat([Buffer.from('"'), LARGE, LARGE, Buffer.from('"')])),
    ),
    one('large JSON', ask('POST', '/bodies/json', 200, JSON_TYPE, JSON.stringify({ text: 'é'.repeat(40_000) }))),
    one(
      'JSON in gzip',
      ask('POST', '/bodies/json', 200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync('{"zipped":true}')),
    ),
    one(
      'JSON deflated',
      ask('POST', '/bodies/json', 200, { ...JSON_TYPE, 'content-encoding': 'deflate' }, deflateSync('{"deflated":true}')),
    ),
    one('broken gzip', ask('POST', '/bodies/json', 400, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 'no gzip')),
    one(
      'gzip where none is taken',
      ask('POST', '/bodies/no-inflate', 415, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync('{}')),
    ),
    one('an encoding that nobody knows', ask('POST', '/bodies/json', 415, { ...JSON_TYPE, 'content-encoding': 'zoo' }, '{}')),
    one('reviver', ask('POST', '/bodies/revived', 200, JSON_TYPE, '{"n":21,"m":{"n":1}}')),
    one('verify', ask('POST', '/bodies/verified', 200, JSON_TYPE, '{"good": true }')),
    one(
      'verify of gzip',
      ask('POST', '/bodies/verified', 200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync('{"good":1}')),
    ),
    one('verify that refuses', ask('POST', '/bodies/verified', 403, JSON_TYPE, '{"evil":1}')),
    one('a form', ask('POST', '/bodies/form', 200, FORM, 'a=1&b[c]=2&b[d][]=x&e=%C3%BC+y')),
    one('a simple form', ask('POST', '/bodies/simple-form', 200, FORM, 'a=1&a=2&b=3')),
    one('a form with too many fields', ask('POST', '/bodies/simple-form', 413, FORM, 'a=1&b=2&c=3&d=4')),
    one('text', ask('POST', '/bodies/text', 200, TEXT, 'plain ü 😀')),
    one(
      'text in Latin-1',
      ask('POST', '/bodies/text', 200, { 'content-type': 'text/plain; charset=iso-8859-1' }, Buffer.from('caf\u00e9', 'latin1')),
    ),
    one('bytes', ask('POST', '/bodies/raw', 200, BYTES, BINARY)),
    one('100 KB of bytes', ask('POST', '/bodies/raw', 200, BYTES, LARGE)),
    one('empty bytes', ask('POST', '/bodies/raw', 200, BYTES, '')),
    one('the first of many parsers', ask('POST', '/bodies/all', 200, JSON_TYPE, '{"a":1}')),
    one('the second of many parsers', ask('POST', '/bodies/all', 200, FORM, 'a=1')),
    one('the last of many parsers', ask('POST', '/bodies/all', 200, BYTES, BINARY)),
    one(
      'fields and files',
      ask(
        'POST',
        '/bodies/files',
        200,
        MULTIPART,
        multipart(
          { name: 'title', content: 'ü' },
          { name: 'one', file: 'a.bin', content: BINARY },
          { name: 'two', file: 'b.txt', content: 'text' },
        ),
      ),
    ),
    one(
      'fields and files in chunks',
      ask(
        'POST',
        '/bodies/file',
        200,
        MULTIPART,
        chunked(multipart({ name: 'title', content: 't' }, { name: 'one', file: 'a.bin', content: BINARY })),
      ),
    ),
    one(
      'a file that is too large',
      ask('POST', '/bodies/file', 500, MULTIPART, multipart({ name: 'one', file: 'a.bin', content: LARGE.subarray(0, 5_000) })),
    ),
    one(
      'a file where none is taken',
      ask('POST', '/bodies/no-file', 500, MULTIPART, multipart({ name: 'one', file: 'a.bin', content: 'x' })),
    ),
    one(
      'a file of another name',
      ask('POST', '/bodies/file', 500, MULTIPART, multipart({ name: 'three', file: 'a.bin', content: 'x' })),
    ),
    one(
      'parts that end too early',
      ask('POST', '/bodies/files', 500, MULTIPART, multipart({ name: 'one', file: 'a.bin', content: 'x' }).subarray(0, -12)),
    ),
    one('read chunk by chunk', ask('POST', '/bodies/chunks', 200, BYTES, LARGE)),
    one('read chunk by chunk, sent in chunks', ask('POST', '/bodies/chunks', 200, BYTES, chunked(LARGE))),
    one('piped back', ask('POST', '/bodies/piped', 200, BYTES, BINARY)),
    one('100 KB piped back', ask('POST', '/bodies/piped', 200, BYTES, LARGE)),
    one('an empty body piped back', ask('POST', '/bodies/piped', 200)),
    one('events of a body', ask('POST', '/bodies/events', 200, BYTES, 'small')),
    one('events of an empty body', ask('POST', '/bodies/events', 200)),
    one('setEncoding', ask('POST', '/bodies/encoding', 200, TEXT, 'ü😀'.repeat(100))),
    one('paused and read later', ask('POST', '/bodies/paused', 200, BYTES, 'later')),
    one('a body that nobody reads', ask('POST', '/bodies/unread', 200, BYTES, 'unread')),
    one('a large body that nobody reads', ask('POST', '/bodies/unread', 200, BYTES, LARGE)),
    one('chunks that nobody reads', ask('POST', '/bodies/unread', 200, BYTES, ['a', 'b'])),
    one('an answer before the body is read', ask('POST', '/bodies/early', 202, BYTES, LARGE)),
    one('a refusal that ends the connection', ask('POST', '/bodies/refused', 401, BYTES, 'unread')),
  ],
};

function chunked(bytes: Buffer): Buffer[] {
  const size = Math.ceil(bytes.length / 5);
  return Array.from({ length: 5 }, (_, at) => bytes.subarray(at * size, (at + 1) * size)).filter(({ length }) => length > 0);
}
