import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock, Log } from '@express-micro/core';
import type { HttpRequest, Next } from '../middleware.ts';
import { freshnessMs } from './cache-control.ts';
import type { CacheKeys } from './cache-keys.ts';
import { captureAnswer } from './captured-answer.ts';
import type { Lead } from './collapse.ts';
import type { GuardedCache } from './guarded-cache.ts';
import { keepAnswer } from './replay.ts';

/** What a request asks for. */
export interface Wanted {
  readonly who: string;
  readonly base: string;
  /** Where it was looked for: `base`, or that of the variant. */
  readonly key: string;
}

/** Runs what stands behind the cache, for one request and those who wait for the same. */
export type Run = (req: HttpRequest, res: ServerResponse, next: Next, wanted: Wanted, lead?: Lead) => void;

export interface RunOptions {
  readonly keys: CacheKeys;
  readonly store: GuardedCache;
  readonly ttlMs: number;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** For how long it is remembered that answers of an address cannot be shared, so that nobody waits for one in vain. */
const REFUSAL_MS = 5_000;

/** Looks on while an answer is written; keeps what may be kept, and tells those who wait. */
export function createRun({ keys, store, ttlMs, maxBodyBytes, clock, log }: RunOptions): Run {
  let hasWarned = false;

  /** Who is somebody else at the end than at the beginning was found out behind the cache: the answer is that one's alone. */
  function isStill(req: HttpRequest, who: string): boolean {
    if (keys.identity(req) === who) return true;
    if (!hasWarned) log.warn('withCache() stands in front of what finds out who calls: nothing is kept there. Put it behind');
    hasWarned = true;
    return false;
  }

  return (req, res, next, { who, base, key: soughtAt }, lead) => {
    if (res.headersSent || res.destroyed) {
      // Gone already, and its 'close' not yet said: the others must not wait for it.
      lead?.settle({ kind: 'failed' });
      return;
    }
    const before: OutgoingHttpHeaders = { ...res.getHeaders() };
    let [status, headers, lifeMs]: [number, OutgoingHttpHeaders, number] = [0, {}, 0];

    function refuse(): false {
      const nowMs = clock.epochMs();
      // Of this variant alone: the others are as good as before.
      if (lead !== undefined) store.set(soughtAt, { kind: 'refusal', endsAtMs: nowMs + Math.min(ttlMs, REFUSAL_MS) }, nowMs);
      lead?.settle({ kind: 'unshareable' });
      return false;
    }

    if (lead !== undefined) {
      // Who leads the others and goes away may never come to an end: a body that is piped to nobody stands still.
      res.once('close', () => lead.settle({ kind: 'failed' }));
      // What is kept is whole: a condition would leave it without its body.
      delete req.headers['if-none-match'];
      delete req.headers['if-modified-since'];
    }
    res.setHeader('X-Cache', 'MISS');
    captureAnswer(res, maxBodyBytes, {
      head(code, given) {
        [status, headers] = [code, given];
        lifeMs = freshnessMs(status, headers, ttlMs, clock.epochMs());
        if (lifeMs > 0 && isStill(req, who)) return true;
        if (status < 500) return refuse();
        lead?.settle({ kind: 'failed' });
        return false;
      },
      tooLarge: refuse,
      end(body) {
        const length = headers['content-length'];
        // Who could not write all that it had announced has ended it all the same.
        if (length !== undefined && Number(length) !== body.byteLength) return lead?.settle({ kind: 'failed' });
        // Sessions in front give their cookie when the head is written, further out than we see it: what is in it is somebody's own.
        if (res.getHeader('set-cookie') !== undefined) return void refuse();
        const nowMs = clock.epochMs();
        const endsAtMs = nowMs + lifeMs;
        const answer = keepAnswer(status, before, headers, body, { storedAtMs: nowMs, endsAtMs });
        const { variesBy } = answer;
        const key = keys.variant(base, req, variesBy);
        if (variesBy.length > 0) store.set(base, { kind: 'variants', headers: variesBy, endsAtMs }, nowMs);
        store.set(key, answer, nowMs);
        lead?.settle({ kind: 'answered', answer, key });
      },
    });
    next();
  };
}
