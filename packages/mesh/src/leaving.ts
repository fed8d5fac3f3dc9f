import { type Clock, settlesWithin } from '@express-micro/core';
import type { MeshNews } from './mesh-events.ts';
import { type Drain, drain } from './serve/drain.ts';

/** Telling the others may take this long. */
const LEAVE_LIMIT_MS = 800;

export interface LeavingOptions {
  readonly times: Drain;
  readonly clock: Clock;
  readonly news: MeshNews;
  /** Whether somebody may still call. */
  readonly hasCallers: boolean;
  readonly tellOthers: () => Promise<void>;
  /** From now on answers end their connections. */
  readonly endConnections: () => void;
  readonly stopServing: (limitMs: number) => Promise<void>;
  /** Nobody is served any more: timers, connections to others and what is known of them go. */
  readonly endAll: () => Promise<void>;
}

/** The last part of the story: the others hear it, the last requests come, the server goes, then everything else. */
export async function leaveMesh(options: LeavingOptions): Promise<void> {
  const { times, clock, news, hasCallers, tellOthers, endConnections, stopServing, endAll } = options;
  news.tell('drain', 'leaving');
  await drain(times, clock, {
    hasCallers,
    leave: async () => {
      await settlesWithin(clock, LEAVE_LIMIT_MS, tellOthers());
    },
    endConnections,
    stopServing: (limitMs) => {
      news.tell('drain', 'closing');
      return stopServing(limitMs);
    },
  });
  await endAll();
  news.tell('drain', 'closed');
  news.clear();
}
