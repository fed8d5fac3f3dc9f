import { type Agent, type IncomingMessage, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, type Random, systemClock, systemRandom } from '@express-micro/core';
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';

/** To the sender: a batch as it goes over the wire. */
export interface Batch {
  readonly id: number;
  readonly spans: Uint8Array;
}

/** From the sender. */
export interface SendingNews {
  readonly id: number;
  /** Why the last attempt failed; the sender goes on until `isOver`. */
  readonly problem?: string;
  /** What the receiver answered. */
  readonly answer?: Uint8Array;
  readonly isOver: boolean;
}

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

/**
 * Sends batches by OTLP over HTTP, to where OpenTelemetry's variables say, and tells what became of each.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createSending(
  tell: (news: SendingNews) => void,
  clock: Clock = systemClock,
  random: Random = systemRandom,
): (batch: Batch) => Promise<void> {
  const settings = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' });
  const url = new URL(settings.url);
  const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  let agent: Promise<Agent> | undefined;

  async function send(id: number, spans: Uint8Array): Promise<Uint8Array> {
    const endsAtMs = clock.monotonicMs() + settings.timeoutMillis;
    const headers: Record<string, string> = { ...(await settings.headers()), 'User-Agent': 'express-micro' };
    const isPacked = settings.compression === 'gzip';
    if (isPacked) headers['Content-Encoding'] = 'gzip';
    const body = isPacked ? await compress(spans) : spans;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= WAIT_GROWS) {
      try {
        return await attempt(headers, body, endsAtMs - clock.monotonicMs());
      } catch (error) {
        const { isPassing = false, waitMs: askedMs, message } = error as NotTaken;
        // So that many processes do not come back at the same moment.
        const restMs = askedMs ?? waitMs * (0.8 + 0.4 * random.next());
        if (!isPassing || clock.monotonicMs() + restMs >= endsAtMs) throw error;
        tell({ id, problem: message, isOver: false });
        await new Promise<void>((resolve) => clock.after(restMs, resolve, { keepsAlive: true }));
      }
    }
  }

  async function attempt(headers: Record<string, string>, body: Uint8Array, limitMs: number): Promise<Uint8Array> {
    agent ??= Promise.resolve(settings.agentFactory(url.protocol));
    const pool = await agent;
    return new Promise((resolve, reject) => {
      const asked = request(url, { method: 'POST', agent: pool, headers: { ...headers, 'Content-Length': String(body.length) } });
      const limit = clock.after(limitMs, () => asked.destroy(new NotTaken('no answer in time', 'ETIMEDOUT')));
      asked.once('error', (error: NodeJS.ErrnoException) => {
        limit.stop();
        reject(error instanceof NotTaken ? error : new NotTaken(error.message || String(error.code), error.code));
      });
      asked.once('response', (response) => {
        readAnswer(response, (answer) => {
          limit.stop();
          const { statusCode = 0, statusMessage = '' } = response;
          if (statusCode >= 200 && statusCode < 300) resolve(answer);
          else reject(new NotTaken(`the receiver answers ${statusCode} ${statusMessage}`, statusCode, waitOf(response, clock)));
        });
      });
      asked.end(body);
    });
  }

  return ({ id, spans }) =>
    send(id, spans).then(
      (answer) => tell({ id, answer, isOver: true }),
      (error: unknown) => tell({ id, problem: (error as Error).message, isOver: true }),
    );
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
  const waitMs = /^\d+$/.test(given) ? Number(given) * 1_000 : new Date(given).getTime() - clock.epochMs();
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
