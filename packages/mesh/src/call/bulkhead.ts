// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Readable } from 'node:stream';
import type { Clock } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Instance } from '../directory/directory.ts';
import type { InstanceHealth, Waiter } from '../directory/health.ts';
import { meshError } from '../errors.ts';
import { TransportFailure } from '../transport/transport.ts';
import type { BulkheadTunables } from './bulkhead-options.ts';
import type { CallRequest, Done, Interceptor } from './call.ts';
import { factsOf } from './deadline.ts';
import { answered, createWaitingLine, emptied, isCalm, isStanding, isWorthwhile, join } from './waiting-line.ts';

/**
 * So many calls under way to one instance, so many more waiting for a place, and not one beyond: one slow instance cannot
 * hold up all of this process. Whoever waits leaves at his deadline; a stream has its place until it is read. Who gets a
 * place, and how many there are while many wait, is decided in `waiting-line.ts`.
 */
export function bulkhead(tunables: BulkheadTunables, clock: Clock, counters: Counters): Interceptor {
  const { maxInFlight, maxQueued } = tunables;

  /** The line is there from the first call that has to wait until nobody has waited for a while. */
  function learn(health: InstanceHealth, enteredAtMs: number, isGood: boolean): void {
    const { line } = health;
    if (line === undefined) return;
    const nowMs = clock.monotonicMs();
    if (isGood) answered(line, enteredAtMs, nowMs);
    if (isCalm(line, nowMs)) health.line = undefined;
  }

  function leave(health: InstanceHealth): void {
    health.running -= 1;
    if (health.line !== undefined) fill(health);
  }

  /** Gives free places to those who wait. */
  function fill(health: InstanceHealth): void {
    const { waiting, line } = health;
    if (line === undefined) return;
    const nowMs = clock.monotonicMs();
    while (waiting.length > 0 && health.running < line.places) {
      const waiter = (isStanding(line, nowMs) ? waiting.pop() : waiting.shift()) as Waiter;
      if (!isWorthwhile(line, nowMs, waiter.sinceMs)) {
        waiter.refuse();
        continue;
      }
      health.running += 1;
      waiter.enter();
    }
    if (waiting.length === 0) emptied(line, nowMs);
  }

  /** Has the call enter when it gets a place, or fail when it gets none. */
  function waitIn(health: InstanceHealth, request: CallRequest, enter: () => void, fail: (failure: unknown) => void): void {
    const { waiting } = health;
    health.line ??= createWaitingLine(tunables);
    const { line } = health;
    const { cancellation } = request;
    const nowMs = clock.monotonicMs();
    const [oldest] = waiting;
    const verdict = join(line, nowMs, waiting.length, oldest?.sinceMs ?? nowMs);
    if (verdict === 'refused') {
      counters.bulkheadRefused += 1;
      fail(overloaded(request, tunables, `${maxInFlight} calls are under way and ${maxQueued} wait for`));
      return;
    }
    if (verdict === 'displaces') waiting.shift()?.refuse();
    counters.queued += 1;
    const waiter: Waiter = {
      sinceMs: nowMs,
      enter() {
        cancellation.listen(undefined);
        enter();
      },
      refuse() {
        counters.bulkheadRefused += 1;
        cancellation.listen(undefined);
        fail(overloaded(request, tunables, 'newer calls come faster than it is their turn at'));
      },
    };
    waiting.push(waiter);
    cancellation.listen((reason) => {
      waiting.splice(waiting.indexOf(waiter), 1);
      if (waiting.length === 0) emptied(line, clock.monotonicMs());
      fail(new TransportFailure('cancelled', reason));
    });
    // A trial that has ended just now gave places back.
    if (health.running < line.places) fill(health);
  }

  return (next) => {
    function enter(request: CallRequest, health: InstanceHealth, enteredAtMs: number, done: Done): void {
      next(request, (answer, failure) => {
        learn(health, enteredAtMs, answer !== undefined && answer.status < 500 && !request.wantsStream);
        if (request.wantsStream && answer !== undefined && answer.status < 400) {
          (answer.body as Readable).once('close', () => leave(health));
        } else leave(health);
        done(answer, failure);
      });
    }

    return (request, done) => {
      const { health } = request.instance as Instance;
      if (health.running < (health.line === undefined ? maxInFlight : health.line.places)) {
        health.running += 1;
        enter(request, health, request.attemptedAtMs, done);
        return;
      }
      const begin = () => {
        request.nowMs = clock.monotonicMs();
        enter(request, health, request.nowMs, done);
      };
      waitIn(health, request, begin, (failure) => done(undefined, failure));
    };
  };
}

function overloaded(request: CallRequest, tunables: BulkheadTunables, why: string): Error {
  const facts = factsOf(request);
  return meshError(
    'MESH_OVERLOADED',
    `Overloaded: ${facts.service}.${facts.function} (${why} instance ${facts.instance}). ` +
      'The call was not sent; call less at once, add instances, or raise "bulkhead".',
    { ...facts, status: 503, details: { mayHaveExecuted: false, ...tunables } },
  );
}
