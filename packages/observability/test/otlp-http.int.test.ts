import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '@express-micro/core';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KeepingTracerProvider } from '../src/register/keeping-tracer.ts';
import { createKeptSpans } from '../src/register/kept-span.ts';
import { createOtlpHttpExporter, type SenderEvents } from '../src/register/otlp-http.ts';
import { createSending } from '../src/register/sending.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) close();
});

type Answer = (res: http.ServerResponse, asked: number) => void;

/** A receiver, an exporter that sends to it by OpenTelemetry's variables, and what was said of what could not be sent. */
async function start(answer: Answer, env: Record<string, string> = {}) {
  const asked: { readonly headers: http.IncomingHttpHeaders; readonly body: Buffer }[] = [];
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      asked.push({ headers: req.headers, body: Buffer.concat(chunks) });
      answer(res, asked.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries({ OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env })) vi.stubEnv(name, value);
  const unsent: string[] = [];
  const restsMs: number[] = [];
  // Who rests between two attempts does not wait here: it is written down.
  const after: typeof systemClock.after = (ms, run, options) => {
    if (ms >= 400 && ms < 9_000) {
      restsMs.push(Math.round(ms));
      setImmediate(run);
    }
    return systemClock.after(ms, ms >= 400 && ms < 9_000 ? () => {} : run, options);
  };
  const onUnsent = (error: unknown) => void unsent.push((error as Error).message);
  const random = { next: () => 0.5, bytes: () => Buffer.alloc(0), uuid: () => '' };
  // In the thread of the test: that a thread of its own does it, the tests with whole processes show.
  const exporter = createOtlpHttpExporter(onUnsent, ({ onNews }) => {
    const send = createSending(onNews, { ...systemClock, after }, random);
    return (batch) => void send(batch);
  });
  const send = (names: readonly string[]) =>
    new Promise<number>((resolve) => exporter.export(names.map(spanOf), ({ code }) => resolve(code)));
  return { asked, unsent, restsMs, exporter, send, url };
}

function spanOf(name: string): ReadableSpan {
  const kept: ReadableSpan[] = [];
  const asKept = createKeptSpans(resourceFromAttributes({ 'service.name': 'test' }));
  const onKept = (span: Parameters<typeof asKept>[0]) => void kept.push(asKept(span));
  const provider = new KeepingTracerProvider({ ratio: 1, isParentBased: true, onKept, sink: undefined, held: undefined });
  provider.getTracer('test').startSpan(name, {}, ROOT_CONTEXT).end();
  return kept[0] as ReadableSpan;
}

describe('spans over HTTP', () => {
  it('are sent as the protocol wants them, and taken over at once', async () => {
    const { asked, send, exporter, unsent } = await start((res) => res.end(), {
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    });
    expect(await send(['one', 'two'])).toBe(0);
    await exporter.forceFlush?.();
    expect(asked).toHaveLength(1);
    const [{ headers, body }] = asked as [(typeof asked)[0]];
    expect(headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': String(body.length),
      'api-key': 'secret',
    });
    expect(gunzipSync(body).toString('latin1')).toMatch(/service\.name.*test.*one.*two/s);
    expect(unsent).toEqual([]);
  });

  it('are sent again after what passes, when the receiver says so or a little later each time', async () => {
    const answers = [503, 429, 502, 200];
    const { asked, send, exporter, restsMs, unsent } = await start((res, n) => {
      if (n === 2) res.setHeader('retry-after', '7');
      res.writeHead(answers[n - 1] ?? 200).end();
    });
    await send(['one']);
    await exporter.forceFlush?.();
    expect([asked.length, restsMs, unsent]).toEqual([4, [1_000, 7_000, 2_250], []]);
  });

  it('are given up after what does not pass, and that is said', async () => {
    const { asked, send, exporter, unsent } = await start((res) => res.writeHead(401, 'Go Away').end());
    await send(['one']);
    await exporter.forceFlush?.();
    expect([asked.length, unsent]).toEqual([1, ['the receiver answers 401 Go Away']]);
  });

  it('are given up where nobody answers, or is there, within the time that is left', async () => {
    const silent = await start(() => {}, { OTEL_EXPORTER_OTLP_TIMEOUT: '100' });
    await silent.send(['one']);
    await silent.exporter.forceFlush?.();
    expect(silent.unsent).toEqual(['no answer in time']);

    const { send, exporter, unsent, restsMs } = await start(() => {}, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    });
    await send(['one']);
    await exporter.forceFlush?.();
    expect(unsent).toEqual([expect.stringContaining('ECONNREFUSED')]);
    expect(restsMs.length).toBeGreaterThan(0);
  });

  it('say why they are still there, until they are not', async () => {
    const { send, exporter } = await start((res, n) => (n === 1 ? res.writeHead(503).end() : res.end()));
    await send(['one']);
    const seen = new Set<string>();
    let isOver = false;
    void exporter.forceFlush?.().then(() => {
      isOver = true;
    });
    while (!isOver) {
      if (exporter.problem instanceof Error) seen.add(exporter.problem.message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...seen]).toEqual([expect.stringContaining('503')]);
    expect(exporter.problem).toBeUndefined();
  });

  it('are bounded while nobody takes them: those beyond sixteen batches are lost, and said to be', async () => {
    const held: http.ServerResponse[] = [];
    const { send, exporter, unsent, asked } = await start((res) => void held.push(res));
    for (let n = 0; n < 18; n++) await send(['one', 'two']);
    while (held.length < 16) await new Promise((resolve) => setImmediate(resolve));
    for (const res of held) res.end();
    await exporter.shutdown();
    expect([asked.length, unsent]).toEqual([16, ['the receiver was slow, and 4 spans beyond what is held are lost']]);
  });

  it('that were refused within a batch that was taken are told of', async () => {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 3, error_message: "no" } }
    const refused = Buffer.from([0x0a, 6, 0x08, 3, 0x12, 2, ...Buffer.from('no')]);
    const answers = [refused, Buffer.from('no such thing'), Buffer.alloc(200_000)];
    const { send, exporter, unsent } = await start((res, n) => res.end(answers[n - 1]));
    for (const _answer of answers) {
      await send(['one']);
      await exporter.forceFlush?.();
    }
    expect(unsent).toEqual(['the receiver refused 3 spans: no']);
  });

  it('are lost with the thread that had them, which is said; the next ones have a new one', async () => {
    const unsent: string[] = [];
    const threads: SenderEvents[] = [];
    const exporter = createOtlpHttpExporter(
      (error) => void unsent.push((error as Error).message),
      (events) => {
        if (threads.push(events) === 3) throw new Error('no more threads');
        return () => {};
      },
    );
    const send = () => new Promise<number>((resolve) => exporter.export([spanOf('one')], ({ code }) => resolve(code)));
    expect(await send()).toBe(0);
    threads[0]?.onEnd(new Error('out of memory'));
    await exporter.forceFlush?.();
    expect(await send()).toBe(0);
    threads[1]?.onEnd(new Error('out of memory'));
    expect([unsent, threads.length]).toEqual([['out of memory', 'out of memory'], 2]);
    await send();
    await exporter.forceFlush?.();
    expect(unsent.at(-1)).toBe('no more threads');
  });
});
