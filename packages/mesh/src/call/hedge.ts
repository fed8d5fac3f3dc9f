import { Cancellation, type Clock, type SlidingCounts } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import { isCallable, type ServiceEntry } from '../directory/directory.ts';
import { CALLS, HEDGES } from '../directory/health.ts';
import type { Call, CallAnswer, CallRequest, Interceptor } from './call.ts';
import type { HedgingTunables } from './hedging-options.ts';
import { LatencySketch } from './latency-sketch.ts';

/** Whether one more hedge is within the share of the calls to the service lately. One is always allowed: it weighs nothing. */
function mayHedge(recent: SlidingCounts, nowMs: number, { maxExtraPercent }: HedgingTunables): boolean {
  const allowed = Math.max(1, (recent.count(CALLS, nowMs) * maxExtraPercent) / 100);
  return recent.count(HEDGES, nowMs) + 1 <= allowed;
}

/**
 * Asks a second instance when the first one takes unusually long, and takes the first answer (Dean and Barroso, "The Tail at
 * Scale", 2013). Only calls that ask for it, and at most one second attempt a call. Stands below retry: a hedge is no
 * answer to a failure, and what both could not do is one failed attempt.
 */
export function hedge(tunables: HedgingTunables, clock: Clock, counters: Counters): Interceptor {
  const sketches = new WeakMap<ServiceEntry, Map<string, LatencySketch>>();

  function sketchOf({ service, function: name }: CallRequest): LatencySketch {
    const ofService = sketches.get(service) ?? new Map<string, LatencySketch>();
    sketches.set(service, ofService);
    const sketch = ofService.get(name) ?? new LatencySketch();
    ofService.set(name, sketch);
    return sketch;
  }

  function mayBegin({ service, candidates, failed }: CallRequest, first: CallRequest): boolean {
    const hasAnother = candidates.some((one) => one !== first.instance && isCallable(one) && !failed?.includes(one));
    return hasAnother && mayHedge(service.recent, clock.monotonicMs(), tunables);
  }

  return (next) => (request, done) => {
    const wanted = request.options.hedge;
    // A call that was tried again has had its second attempt.
    if (wanted === undefined || wanted === false || request.attempts > 1) return next(request, done);
    const sketch = sketchOf(request);
    const afterMs = wanted === true ? sketch.percentile(tunables.percentile) : wanted.afterMs;
    const beganAtMs = clock.monotonicMs();
    const hedgeBegins = (first: CallRequest) => {
      if (!mayBegin(request, first)) return false;
      request.service.recent.add(HEDGES, clock.monotonicMs());
      counters.hedges += 1;
      return true;
    };
    race(next, request, clock, afterMs, hedgeBegins, (answer, failure, isHedge) => {
      if (answer !== undefined && answer.status < 500) sketch.add(clock.monotonicMs() - beganAtMs);
      if (answer !== undefined && isHedge) counters.hedgesWon += 1;
      done(answer, failure);
    });
  };
}

/**
 * The first answer below 500 wins, and the other attempt is called off; when neither has one, the last of the two counts.
 * @param mayBegin asked, once, when the first attempt takes long
 */
function race(
  next: Call,
  request: CallRequest,
  clock: Clock,
  afterMs: number | undefined,
  mayBegin: (first: CallRequest) => boolean,
  won: (answer: CallAnswer | undefined, failure: unknown, isHedge: boolean) => void,
): void {
  const first = forkOf(request, request.failed);
  const running = new Set<CallRequest>();
  const timer = afterMs === undefined ? undefined : clock.after(afterMs, hedged, { keepsAlive: true });

  function start(attempt: CallRequest): void {
    running.add(attempt);
    next(attempt, (answer, failure) => {
      if (!running.delete(attempt)) return;
      const isGood = answer !== undefined && answer.status < 500;
      if (!isGood && running.size > 0) return;
      timer?.stop();
      const losers = [...running];
      running.clear();
      for (const loser of losers) loser.cancellation.cancel(new Error('another instance answered first'));
      take(request, attempt);
      won(answer, failure, attempt !== first);
    });
    // Who is tried now is known from here on, for the message of a deadline.
    if (running.has(attempt)) take(request, attempt);
  }

  function hedged(): void {
    if (!running.has(first) || first.instance === undefined || !mayBegin(first)) return;
    const second = forkOf(request, [...(request.failed ?? []), first.instance]);
    second.nowMs = clock.monotonicMs();
    follow(request, first, second);
    start(second);
  }

  follow(request, first);
  start(first);
}

/** An attempt that can be called off by itself. */
function forkOf(request: CallRequest, failed: CallRequest['failed']): CallRequest {
  return { ...request, failed, cancellation: new Cancellation() };
}

function follow({ cancellation }: CallRequest, ...attempts: readonly CallRequest[]): void {
  cancellation.listen((reason) => {
    for (const attempt of attempts) attempt.cancellation.cancel(reason);
  });
}

/** What the call is told of is the attempt that counted. */
function take(request: CallRequest, { instance, outcome, failed, isSent }: CallRequest): void {
  request.instance = instance;
  request.outcome = outcome;
  request.failed = failed;
  request.isSent = isSent;
}
