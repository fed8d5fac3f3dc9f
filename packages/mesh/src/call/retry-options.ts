import { integerOption, type Option } from '@express-micro/core';

/** When a failed call is tried again. `retry: false` tries nothing again. */
export interface RetryOptions {
  /**
   * Attempts a call, the first one included. Raising it survives more failures in a row and makes a call that cannot succeed
   * last longer; lowering it gives errors to callers that one more attempt would have spared them. @default 3
   */
  readonly maxAttempts?: number | string | undefined;
  /**
   * Milliseconds: the first wait is drawn between 0 and this, each further one from twice the range. Raising it gives an
   * instance time to come back and makes callers wait; lowering it lets many callers return at once. @default 25
   */
  readonly baseDelayMs?: number | string | undefined;
  /** Milliseconds: no wait is drawn from a longer range. It costs what `baseDelayMs` costs, for late attempts. @default 250 */
  readonly maxDelayMs?: number | string | undefined;
  /**
   * Retries to a service in ten seconds, in percent of the calls to it. Raising it multiplies the load of a service in
   * trouble; lowering it gives up sooner when many calls fail. @default 20
   */
  readonly budgetPercent?: number | string | undefined;
  /**
   * Retries a second to a service that are free, so that few calls can be retried too. Raising it weighs on services that
   * many small callers call; lowering it leaves quiet callers without retries. @default 3
   */
  readonly budgetPerSecond?: number | string | undefined;
}

export type RetryTunables = { readonly [K in keyof RetryOptions]-?: number };

export const RETRY_OPTIONS: { readonly [K in keyof RetryTunables]: Option<number> } = {
  maxAttempts: integerOption('attempts', { min: 1, max: 20 }, () => 3),
  baseDelayMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => 25),
  maxDelayMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => 250),
  budgetPercent: integerOption('percent', { min: 1, max: 1_000 }, () => 20),
  budgetPerSecond: integerOption('retries a second', { min: 1, max: 1_000_000 }, () => 3),
};
