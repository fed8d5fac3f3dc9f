// Hot path: every call passes here. Its bench: bench/call-cost.mjs
import type { Readable } from 'node:stream';
import type { Counters } from '../counters.ts';
import type { Instance } from '../directory/directory.ts';
import type { InstanceHealth, Waiter } from '../directory/health.ts';
import { meshError } from '../errors.ts';
import { TransportFailure } from '../transport/transport.ts';
import type { BulkheadTunables } from './bulkhead-options.ts';
import type { CallRequest, Interceptor } from './call.ts';
import { factsOf } from './deadline.ts';

/**
 * So many calls under way to one instance, so many more waiting in the order in which they came, and not one beyond: one slow
 * instance cannot hold up all of this process. Whoever waits leaves at his deadline; a stream has its place until it is read.
 */
export function bulkhead(tunables: BulkheadTunables, counters: Counters): Interceptor {
  const { maxInFlight, maxQueued } = tunables;
  return (next) => {
    function enter(request: CallRequest, health: InstanceHealth): ReturnType<typeof next> {
      return next(request).then(
        (answer) => {
          if (request.wantsStream && answer.status < 400) (answer.body as Readable).once('close', () => leave(health));
          else leave(health);
          return answer;
        },
        (error: unknown) => {
          leave(health);
          throw error;
        },
      );
    }

    return (request) => {
      const { health } = request.instance as Instance;
      if (health.running < maxInFlight) {
        health.running += 1;
        return enter(request, health);
      }
      if (health.waiting.length >= maxQueued) {
        counters.bulkheadRefused += 1;
        return Promise.reject(overloaded(request, tunables));
      }
      counters.queued += 1;
      return placeIn(health, request).then(() => enter(request, health));
    };
  };
}

/** The place goes to whoever has waited longest, and is free only when nobody has. */
function leave(health: InstanceHealth): void {
  const waiter = health.waiting.shift();
  if (waiter === undefined) health.running -= 1;
  else waiter.enter();
}

function placeIn({ waiting }: InstanceHealth, { cancellation }: CallRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = {
      enter() {
        cancellation.listen(undefined);
        resolve();
      },
    };
    waiting.push(waiter);
    cancellation.listen((reason) => {
      waiting.splice(waiting.indexOf(waiter), 1);
      reject(new TransportFailure('cancelled', reason));
    });
  });
}

function overloaded(request: CallRequest, { maxInFlight, maxQueued }: BulkheadTunables): Error {
  const facts = factsOf(request);
  return meshError(
    'MESH_OVERLOADED',
    `Overloaded: ${facts.service}.${facts.function} (${maxInFlight} calls to instance ${facts.instance} are under way and ${maxQueued} wait). ` +
      'The call was not sent; call less at once, add instances, or raise "bulkhead".',
    { ...facts, status: 503, details: { mayHaveExecuted: false, maxInFlight, maxQueued } },
  );
}
