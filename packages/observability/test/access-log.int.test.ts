import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { type AccessLogOptions, accessLog, observability } from '../src/index.ts';
import { type App, createLines, EXPRESSES, later, listen } from './apps.test-support.ts';

type Morgan = (format: string, options: { stream: { write(line: string): void } }) => ReturnType<typeof accessLog>;
const morgan = createRequire(import.meta.url)('morgan') as Morgan;

/** Lines of text, as they are written. */
function createTexts() {
  const texts: string[] = [];
  return { texts, stream: { write: (line: string) => void texts.push(line) } };
}

async function raw(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${request}\r\nconnection: close\r\n\r\n`, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function routes(app: App): void {
  app.get('/json', (_req, res) => void res.json({ a: 1 }));
  app.get('/stream', (_req, res) => void Readable.from(['a', 'b']).pipe(res));
  app.get('/moved', (_req, res) => void res.redirect('/json'));
  app.get('/empty', (_req, res) => void res.status(204).end());
  app.use('/mounted', (_req, res) => void res.send('x'));
}

describe.each(EXPRESSES)('M1: accessLog on Express $version', ({ express }) => {
  it.each(['combined', 'common', 'short', 'tiny'])('%s writes what morgan writes', async (format) => {
    const app = express();
    const [ours, theirs] = [createTexts(), createTexts()];
    app.use(accessLog({ format, to: ours.stream, redact: false }));
    app.use(morgan(format, { stream: theirs.stream }));
    routes(app);
    const url = await listen(app);
    const basic = `Basic ${Buffer.from('al"ice:pass').toString('base64')}`;
    const requests = [
      `GET /json?a=1&b=%22 HTTP/1.1\r\nhost: x\r\nuser-agent: "quoted" \\ back\r\nreferer: http://a/?x=1`,
      `HEAD /json HTTP/1.1\r\nhost: x`,
      `GET /stream HTTP/1.1\r\nhost: x\r\nauthorization: ${basic}`,
      `GET /moved HTTP/1.1\r\nhost: x\r\nauthorization: Bearer abc`,
      `DELETE /nowhere HTTP/1.1\r\nhost: x`,
      `GET /empty HTTP/1.0\r\nhost: x`,
      `GET /mounted/deep HTTP/1.1\r\nhost: x\r\nuser-agent: \u00e9t\u00e9`,
    ];
    for (const request of requests) await raw(url, request);
    await vi.waitFor(() => expect([ours.texts.length, theirs.texts.length]).toEqual([requests.length, requests.length]));
    const alike = (line: string) => line.replace(/\d+\.\d{3} ms/, 'N ms').replace(/\[[^\]]+\]/, '[date]');
    expect(ours.texts.map(alike)).toEqual(theirs.texts.map(alike));
    expect(ours.texts.every((line) => format === 'combined' || format === 'common' || /\d+\.\d{3} ms\n$/.test(line))).toBe(true);
  });

  it('dev is coloured on a terminal only, and says what was aborted', async () => {
    const app = express();
    const { texts, stream } = createTexts();
    app.use(accessLog({ format: 'dev', to: stream }));
    routes(app);
    app.get('/cut', (_req, res) => void res.destroy());
    const url = await listen(app);
    await raw(url, 'GET /json HTTP/1.1\r\nhost: x');
    await raw(url, 'GET /cut HTTP/1.1\r\nhost: x');
    await vi.waitFor(() => expect(texts).toHaveLength(2));
    expect(texts[0]).toMatch(/^GET \/json 200 \d+\.\d{3} ms - 7\n$/);
    expect(texts[1]).toMatch(/^GET \/cut 499 \d+\.\d{3} ms - - aborted\n$/);
  });

  it('takes words, words of your own and functions, to a file, a logger and a stream; :id is the id of the request', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'access-'));
    later(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'deep', 'access.log');
    const app = express();
    const { texts, stream } = createTexts();
    const seen = createLines();
    const { logger, close } = observability(app, {
      logger: { console: false, level: 'http', stream: seen.stream },
      accessLog: ':id :method :url :status',
    });
    await close();
    const again: AccessLogOptions = {
      format: ':id [:tenant] :req[x-tenant] :res[content-type] :outcome :nothing',
      tokens: { tenant: (req) => req.headers['x-tenant'], nothing: () => undefined },
      to: { file },
      holdMs: 0,
    };
    app.use(accessLog(again));
    app.use(
      accessLog({
        format: (tokens, req, res) =>
          req.url === '/empty' ? undefined : `${tokens.method?.(req, res)}\n${tokens.id?.(req, res)}`,
        to: stream,
      }),
    );
    void logger;
    routes(app);
    const url = await listen(app);
    await fetch(`${url}/json`, { headers: { 'x-request-id': 'r-1', 'x-tenant': 'a"b' } });
    await fetch(`${url}/empty`, { headers: { 'x-request-id': 'r-2' } });
    await vi.waitFor(() => expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3));
    expect(readFileSync(file, 'utf8')).toBe(
      'r-1 [a\\"b] a\\"b application/json; charset=utf-8 finished -\nr-2 [-] - - finished -\n',
    );
    expect(texts).toEqual(['GET\\nr-1\n']);
  });

  it('cannot be written into by a client, and shows no secret', async () => {
    const app = express();
    const { texts, stream } = createTexts();
    app.use(accessLog({ format: ':method :url ":user-agent" ":req[x-evil]" ":req[authorization]" ":referrer"', to: stream }));
    routes(app);
    const url = await listen(app);
    // Header values may hold any byte but line ends and NUL: here a C1 control that some terminals obey, and quotes.
    await raw(
      url,
      'GET /json?access_token=abc&card=4111111111111111 HTTP/1.1\r\nhost: x\r\nuser-agent: x" 200 "\u009b31m\r\nx-evil: \\" \t\r\nauthorization: Bearer abcdefghijkl\r\nreferer: http://u:p@h/?password=x',
    );
    await vi.waitFor(() => expect(texts).toHaveLength(1));
    expect(texts[0]).toBe(
      'GET /json?access_token=[redacted]&card=[redacted] "x\\" 200 \\"\\u009b31m" "\\\\\\"" "[redacted]" "http://u:[redacted]@h/?password=[redacted]"\n',
    );
  });
});
