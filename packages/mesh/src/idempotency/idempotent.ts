import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Clock, Log, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Middleware, Next } from '../serve/admission.ts';
import { answerJson } from '../serve/answers.ts';
import { hasBody, holdBody } from '../serve/body.ts';
import type { ResolvedIdempotency } from './options.ts';
import { record } from './recording.ts';
import { fingerprint, readKey, storeKey } from './request-key.ts';
import type { IdempotencyStore, StoredAnswer } from './store.ts';

export interface IdempotencySurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly caller: (req: IncomingMessage) => Caller | undefined;
}

/** Statuses that say "not now": the next attempt may have another answer, so they are not kept. */
const NOT_NOW = new Set([408, 425, 429]);
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const IN_FLIGHT_RETRY_SECONDS = '1';

/**
 * Runs a request with an `Idempotency-Key` once: who asks again with the same key gets the first answer.
 * (draft-ietf-httpapi-idempotency-key-header-07)
 */
export function createIdempotent(
  options: ResolvedIdempotency,
  store: IdempotencyStore,
  surroundings: IdempotencySurroundings,
): Middleware {
  const { clock, random, log, counters } = surroundings;
  const headers = new Set(options.headers.map((name) => name.toLowerCase()));

  async function handle(key: string, req: IncomingMessage, res: ServerResponse, next: Next): Promise<void> {
    const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '';
    const [path = '', query = ''] = target.split('?', 2);
    const body = await bodyOf(req, options.maxRequestBytes);
    if (body === 'aborted') return;
    if (body === 'too-large') return refuse(res, 413, 'Payload Too Large', 'with an Idempotency-Key the whole body is held');
    const owner = random.uuid();
    const caller = options.caller?.(req) ?? whoAsks(req, surroundings.caller(req));
    const stored = storeKey({ caller, method: req.method ?? '', path, key });
    const print = fingerprint(query, body);
    const begun = await store.begin(stored, { owner, fingerprint: print, leaseMs: options.leaseMs });
    if (begun.state !== 'begun' && begun.fingerprint !== print) {
      counters.replayRefused += 1;
      refuse(res, 422, 'Unprocessable Content', 'this Idempotency-Key came with another payload before');
    } else if (begun.state === 'in-flight') {
      counters.replayRefused += 1;
      const detail = 'a request with this Idempotency-Key is under way';
      refuse(res, 409, 'Conflict', detail, { 'retry-after': IN_FLIGHT_RETRY_SECONDS });
    } else if (begun.state === 'done') {
      counters.replayed += 1;
      replay(res, begun.answer);
    } else run(stored, owner, res, next);
  }

  function run(key: string, owner: string, res: ServerResponse, next: Next): void {
    // What it does wrong, now or later, is said; the client has its answer all the same.
    const ask = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        log.error(`the store of idempotency keys failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    const renewal = clock.every(options.leaseMs / 3, () => void ask(() => store.renew(key, owner, options.leaseMs)));
    // Who hangs up ends nothing: the handler may still end its work, and its answer is kept for the next attempt. When it
    // does not within the lease, the key is free.
    res.once('close', () => renewal.stop());
    record(res, {
      maxBytes: options.maxResponseBytes,
      headers,
      onEnd(answer, status) {
        renewal.stop();
        const isFinal = status < 500 && !NOT_NOW.has(status);
        return ask(() =>
          answer !== undefined && isFinal ? store.complete(key, owner, answer, options.ttlMs) : store.release(key, owner),
        );
      },
    });
    next();
  }

  return (req, res, next) => {
    const key = readKey(req.headers['idempotency-key']);
    if (key === false) refuse(res, 400, 'Bad Request', 'Idempotency-Key must be 1 to 255 printable characters');
    else if (SAFE.has(req.method ?? '')) next();
    else if (key === undefined && options.required) refuse(res, 400, 'Bad Request', 'Idempotency-Key is missing');
    else if (key === undefined) next();
    else handle(key, req, res, next).catch(next);
  };
}

/** What was sent: its bytes, while nobody has read them; then what a parser in front of us has made of them. */
async function bodyOf(
  req: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array | { readonly parsed: unknown } | 'aborted' | 'too-large'> {
  if (req.readableDidRead) return { parsed: (req as { body?: unknown }).body };
  return hasBody(req) ? holdBody(req, maxBytes) : new Uint8Array();
}

/** A service by its name, because its next attempt may come from another instance; a client by what it proves itself with. */
function whoAsks(req: IncomingMessage, caller: Caller | undefined): string {
  if (caller !== undefined) return `service ${caller.service}`;
  const { authorization, cookie } = req.headers;
  return `client ${authorization ?? cookie ?? ''}`;
}

function replay(res: ServerResponse, { status, headers, body }: StoredAnswer): void {
  res.statusCode = status;
  for (const [name, value] of headers) res.setHeader(name, value);
  res.setHeader('idempotency-replayed', 'true');
  if (body.byteLength > 0) res.setHeader('content-length', body.byteLength);
  res.end(body);
}

function refuse(res: ServerResponse, status: number, error: string, detail: string, headers?: Record<string, string>): void {
  answerJson(res, status, Buffer.from(JSON.stringify({ error, detail })), headers);
}
