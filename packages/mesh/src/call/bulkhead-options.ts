import { integerOption, type Option } from '@express-micro/core';

/** How many calls one instance may hold up. `bulkhead: false` lets all through. */
export interface BulkheadOptions {
  /**
   * Calls under way to one instance, open streams included. Raising it lets one slow instance hold more of this process's
   * memory and connections (above 128 calls wait for a connection instead); lowering it queues calls that an instance could
   * serve. @default 100
   */
  readonly maxInFlight?: number | string | undefined;
  /**
   * Calls that wait for a place at one instance. Raising it answers later instead of failing fast; lowering it fails in
   * short bursts. @default 100
   */
  readonly maxQueued?: number | string | undefined;
}

export type BulkheadTunables = { readonly [K in keyof BulkheadOptions]-?: number };

export const BULKHEAD_OPTIONS: { readonly [K in keyof BulkheadTunables]: Option<number> } = {
  maxInFlight: integerOption('calls', { min: 1, max: 1_000_000 }, () => 100),
  maxQueued: integerOption('calls', { min: 1, max: 1_000_000 }, () => 100),
};
