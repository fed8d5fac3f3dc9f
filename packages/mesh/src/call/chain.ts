import type { Clock, Random } from '@express-micro/core';
import type { Counters } from '../counters.ts';
import type { Instance } from '../directory/directory.ts';
import type { CallTransport } from '../transport/transport.ts';
import { balance } from './balance.ts';
import type { BalanceTunables } from './balance-options.ts';
import { bulkhead } from './bulkhead.ts';
import type { BulkheadTunables } from './bulkhead-options.ts';
import type { Call, Interceptor } from './call.ts';
import { deadline } from './deadline.ts';
import { type EjectionSurroundings, ejection } from './ejection.ts';
import type { EjectionTunables } from './ejection-options.ts';
import { hedge } from './hedge.ts';
import type { HedgingTunables } from './hedging-options.ts';
import { type CallObservers, observeAttempt, observeCall } from './observe.ts';
import { type RetrySurroundings, retry } from './retry.ts';
import type { RetryTunables } from './retry-options.ts';
import { type Authorize, sendOver } from './send.ts';

/** Each `false` where it is switched off. */
interface ChainTunables {
  readonly timeoutMs: number;
  readonly retry: RetryTunables | false;
  readonly hedging: HedgingTunables | false;
  readonly ejection: EjectionTunables | false;
  readonly balance: BalanceTunables | false;
  readonly bulkhead: BulkheadTunables | false;
}

export interface ChainOptions {
  readonly tunables: ChainTunables;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly transport: CallTransport;
  readonly authorize: Authorize;
  readonly observers: CallObservers;
  readonly onUnreached: (instance: Instance) => void;
  readonly onRetry: RetrySurroundings['onRetry'];
  readonly isClosed: RetrySurroundings['isClosed'];
  readonly onEjected: EjectionSurroundings['onEjected'];
  readonly onReadmitted: EjectionSurroundings['onReadmitted'];
}

/**
 * The way of a call, outermost first.
 *
 * The deadline spans everything. Retry stands above balance, so that the next attempt goes elsewhere; a hedge is one attempt
 * to it. Ejection judges what came back from whom balance picked. The bulkhead is that one's, so it stands innermost. Who
 * observes sees the whole call from outside and each attempt where it is sent; while nobody does, neither is on the way.
 */
export function createCallChain(options: ChainOptions): Call {
  const { tunables, clock, random, counters, transport, authorize, observers } = options;
  const send = sendOver(transport, authorize);
  const interceptors: readonly (Interceptor | false)[] = [
    deadline(clock, counters, tunables.timeoutMs),
    tunables.retry && retry(tunables.retry, options),
    tunables.hedging && hedge(tunables.hedging, clock, counters),
    tunables.ejection && ejection(tunables.ejection, options),
    balance(tunables, clock, random, options.onUnreached),
    tunables.bulkhead && bulkhead(tunables.bulkhead, clock, counters),
  ];
  const plain = inTurn(interceptors, send);
  const observed = inTurn([observeCall(observers, clock), ...interceptors, observeAttempt(observers, clock)], send);
  return (request, done) => (observers.current === undefined ? plain(request, done) : observed(request, done));
}

function inTurn(interceptors: readonly (Interceptor | false)[], last: Call): Call {
  return interceptors.reduceRight<Call>((next, interceptor) => (interceptor === false ? next : interceptor(next)), last);
}
