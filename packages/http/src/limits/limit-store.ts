import type { Count, LimitRule, Taken } from './sliding-window.ts';

/** The store could not be asked, and the choice was to let requests pass. */
export const UNKNOWN = 'unknown';

/**
 * Where the counts are. Each method is one step that nothing comes between: of a thousand requests at once exactly `limit` get
 * `isAllowed`. Keys come with their prefix.
 */
export interface RateLimitStore {
  /** Counts a request, if it still fits; one that is refused does not count. `'unknown'`: let it pass uncounted. */
  take(key: string, rule: LimitRule): Taken | typeof UNKNOWN | Promise<Taken | typeof UNKNOWN>;
  /** Takes back what was counted in that slot; nothing, where it has left the window. */
  giveBack(key: string, rule: LimitRule, slot: number): void | Promise<void>;
  read(key: string, rule: LimitRule): Count | Promise<Count>;
  reset(key: string): void | Promise<void>;
}
