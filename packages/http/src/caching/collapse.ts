import { AsyncResource } from 'node:async_hooks';
import { type Clock, createExpiries } from '@express-micro/core';
import type { CachedAnswer } from './cache-store.ts';

/** What becomes of a run that others wait for. */
type Outcome =
  | { readonly kind: 'answered'; readonly answer: CachedAnswer; readonly key: string }
  /** It can be nobody else's. */
  | { readonly kind: 'unshareable' }
  /** It failed, or its client went away. */
  | { readonly kind: 'failed' };

/** Who waits for the run of another request. */
export interface Follower {
  answered(answer: CachedAnswer, key: string): void;
  /** Runs for itself, and for those who wait with it if there is a run to lead. */
  run(lead: Lead | undefined): void;
}

/** To be settled once; later words are dropped. */
export interface Lead {
  settle(outcome: Outcome): void;
}

export interface Collapse {
  /** The run to lead, where nobody runs for that key; otherwise the follower waits. What leaves the line is taken out by `leave`. */
  enter(key: string, follower: Follower): { readonly lead: Lead } | { readonly leave: () => void };
}

/** Runs that fail one after the other before everybody runs for itself. */
const MAX_RUNS = 2;

interface Flight {
  readonly waiting: Set<Follower>;
  runs: number;
}

/**
 * One run for all who ask for the same at once. If it fails, or its client goes away, another of them runs for the rest, once; after
 * that each for itself. Nobody waits longer than `waitMs`.
 */
export function createCollapse(waitMs: number, clock: Clock): Collapse {
  const flights = new Map<string, Flight>();
  const expire = createExpiries(clock);

  function leadOf(key: string, flight: Flight): Lead {
    let isSettled = false;
    return {
      settle(outcome) {
        if (isSettled) return;
        isSettled = true;
        if (outcome.kind === 'failed' && flight.runs < MAX_RUNS && flight.waiting.size > 0) return promote(key, flight);
        flights.delete(key);
        const waiting = [...flight.waiting];
        flight.waiting.clear();
        for (const follower of waiting) {
          if (outcome.kind === 'answered') follower.answered(outcome.answer, outcome.key);
          else follower.run(undefined);
        }
      },
    };
  }

  function promote(key: string, flight: Flight): void {
    const [next] = flight.waiting as Set<Follower> & Iterable<Follower>;
    flight.waiting.delete(next as Follower);
    flight.runs += 1;
    (next as Follower).run(leadOf(key, flight));
  }

  return {
    enter(key, follower) {
      const flight = flights.get(key);
      if (flight === undefined) {
        const started: Flight = { waiting: new Set(), runs: 1 };
        flights.set(key, started);
        return { lead: leadOf(key, started) };
      }
      // What ends the waiting is another request, or a timer of many: who waited goes on in a context of its own.
      const asItself = AsyncResource.bind((goOn: () => void) => goOn());
      const leave = () => {
        expiry.stop();
        flight.waiting.delete(waiter);
      };
      const waiter: Follower = {
        answered(answer, answerKey) {
          expiry.stop();
          asItself(() => follower.answered(answer, answerKey));
        },
        run(lead) {
          expiry.stop();
          asItself(() => follower.run(lead));
        },
      };
      const expiry = expire(waitMs, () => {
        if (flight.waiting.delete(waiter)) waiter.run(undefined);
      });
      flight.waiting.add(waiter);
      return { leave };
    },
  };
}
