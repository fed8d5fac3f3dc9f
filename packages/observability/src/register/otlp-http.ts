import { type Agent, type IncomingMessage, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, type Random, systemClock, systemRandom } from '@express-micro/core';
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { ExportResultCode } from './sdk-core.ts';
import type { SpanExporter } from './sdk-trace.ts';

/** Batches that are on their way; while nobody takes them, the processor's queue is what is held, and no more. */
const MAX_SENDING = 4;
const FIRST_WAIT_MS = 1_000;
const WAIT_GROWS = 1.5;
const MAX_ANSWER_BYTES = 65_536;

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes, and what networks say of what may be there again. */
const PASSING: ReadonlySet<unknown> = new Set([
  429, 502, 503, 504,
  'ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND', 'ENETUNREACH', 'EHOSTUNREACH',
]); // biome-ignore format: a list of words

const compress = promisify(gzip);

/** Why a batch was not taken. */
class NotTaken extends Error {
  readonly isPassing: boolean;
  readonly waitMs: number | undefined;

  constructor(message: string, code: unknown, waitMs?: number) {
    super(message);
    this.isPassing = PASSING.has(code);
    this.waitMs = waitMs;
  }
}

/** An exporter that can say why what it holds is still there. */
export interface TellingExporter extends SpanExporter {
  readonly problem?: unknown;
}

export interface OtlpHttpSurroundings {
  readonly onUnsent: (error: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Sends spans by OTLP over HTTP. OpenTelemetry's own exporter keeps the process for as long as it tries, by its sockets, its
 * timers, and those of the processor that waits for it: a program that ends by itself ended ten seconds late where nobody took
 * its traces. Nothing here keeps the process; whoever awaits `forceFlush` does, for as long as he likes.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpHttpExporter({
  onUnsent,
  clock = systemClock,
  random = systemRandom,
}: OtlpHttpSurroundings): TellingExporter {
  const settings = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' });
  const url = new URL(settings.url);
  const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  const sending = new Set<Promise<void>>();
  let agent: Promise<Agent> | undefined;
  /** Of the last attempt, where that failed. */
  let problem: unknown;

  async function send(spans: Uint8Array): Promise<void> {
    const endsAtMs = clock.monotonicMs() + settings.timeoutMillis;
    const headers: Record<string, string> = { ...(await settings.headers()), 'User-Agent': 'express-micro' };
    const isPacked = settings.compression === 'gzip';
    if (isPacked) headers['Content-Encoding'] = 'gzip';
    const body = isPacked ? await compress(spans) : spans;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= WAIT_GROWS) {
      try {
        await attempt(headers, body, endsAtMs - clock.monotonicMs());
        problem = undefined;
        return;
      } catch (error) {
        problem = error;
        const { isPassing = false, waitMs: askedMs } = error as Partial<NotTaken>;
        // So that many processes do not come back at the same moment.
        const restMs = askedMs ?? waitMs * (0.8 + 0.4 * random.next());
        if (!isPassing || clock.monotonicMs() + restMs >= endsAtMs) throw error;
        await new Promise<void>((resolve) => clock.after(restMs, resolve));
      }
    }
  }

  async function attempt(headers: Record<string, string>, body: Uint8Array, limitMs: number): Promise<void> {
    agent ??= Promise.resolve(settings.agentFactory(url.protocol));
    const pool = await agent;
    await new Promise<void>((resolve, reject) => {
      const asked = request(url, { method: 'POST', agent: pool, headers: { ...headers, 'Content-Length': String(body.length) } });
      const limit = clock.after(limitMs, () => asked.destroy(new NotTaken('no answer in time', 'ETIMEDOUT')));
      asked.once('socket', (socket) => socket.unref());
      asked.once('error', (error: NodeJS.ErrnoException) => {
        limit.stop();
        reject(error instanceof NotTaken ? error : new NotTaken(error.message || String(error.code), error.code));
      });
      asked.once('response', (response) => {
        readAnswer(response, (answer) => {
          limit.stop();
          const { statusCode = 0, statusMessage = '' } = response;
          if (statusCode < 200 || statusCode > 299)
            reject(new NotTaken(`the receiver answers ${statusCode} ${statusMessage}`, statusCode, waitOf(response, clock)));
          else {
            tellRefused(answer);
            resolve();
          }
        });
      });
      asked.end(body);
    });
  }

  /** Some of a batch that was taken may not have been. */
  function tellRefused(answer: Buffer): void {
    if (answer.length === 0) return;
    let refused = 0;
    let why = '';
    try {
      const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(answer);
      refused = Number(partialSuccess?.rejectedSpans ?? 0);
      why = partialSuccess?.errorMessage ?? '';
    } catch {
      // An answer of another kind says nothing of spans.
    }
    if (refused > 0) onUnsent(new Error(`the receiver refused ${refused} spans: ${why}`));
  }

  return {
    get problem() {
      return problem;
    },
    export(spans, done) {
      const body = sending.size < MAX_SENDING ? ProtobufTraceSerializer.serializeRequest(spans) : undefined;
      if (body === undefined) {
        const error = problem instanceof Error ? problem : new Error('the receiver takes too long, and spans are lost');
        done({ code: ExportResultCode.FAILED, error });
        return;
      }
      const sent = send(body)
        .catch(onUnsent)
        .finally(() => sending.delete(sent));
      sending.add(sent);
      // Taken over: a processor that waited would keep the process.
      done({ code: ExportResultCode.SUCCESS });
    },
    async forceFlush() {
      await Promise.all(sending);
    },
    async shutdown() {
      await Promise.all(sending);
    },
  };
}

function readAnswer(response: IncomingMessage, done: (answer: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
  });
  // Cut off or not: its head has said what became of the batch.
  response.once('close', () => done(bytes > MAX_ANSWER_BYTES ? Buffer.alloc(0) : Buffer.concat(chunks)));
  response.once('error', () => {});
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function waitOf({ headers }: IncomingMessage, clock: Clock): number | undefined {
  const given = headers['retry-after'];
  if (given === undefined) return undefined;
  const seconds = /^\d+$/.test(given) ? Number(given) * 1_000 : new Date(given).getTime() - clock.epochMs();
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
