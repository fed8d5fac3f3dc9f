import { integerOption, type Option } from '@express-micro/core';

/** Which instance of a service is called. `balance: false` takes any, by chance. */
export interface BalanceOptions {
  /**
   * Milliseconds after which a slow answer weighs a third of what it did. Raising it stays away longer from an instance
   * that was slow once; lowering it goes back sooner to one that still is. @default 10000
   */
  readonly decayMs?: number | string | undefined;
  /**
   * Milliseconds in which a new instance, or one that came back, grows into its full share. Raising it leaves new capacity
   * unused; lowering it puts full load on caches and compilers that are cold. @default 10000
   */
  readonly slowStartMs?: number | string | undefined;
  /**
   * Milliseconds by which an instance counts as slower when it answered nothing but failures in the last ten seconds; less,
   * by the third power of the share, when only some were. Raising it leaves a failing instance to itself sooner; lowering it lets one that fails fast attract
   * calls. @default 1000
   */
  readonly failurePenaltyMs?: number | string | undefined;
}

export type BalanceTunables = { readonly [K in keyof BalanceOptions]-?: number };

export const BALANCE_OPTIONS: { readonly [K in keyof BalanceTunables]: Option<number> } = {
  decayMs: integerOption('milliseconds', { min: 1, max: 3_600_000 }, () => 10_000),
  slowStartMs: integerOption('milliseconds', { min: 1, max: 3_600_000 }, () => 10_000),
  failurePenaltyMs: integerOption('milliseconds', { min: 1, max: 3_600_000 }, () => 1_000),
};
