import { integerOption, type Option } from '@express-micro/core';

/** When an instance that fails is left alone for a while. `ejection: false` leaves nobody alone. */
export interface EjectionOptions {
  /**
   * Failures in a row (no connection, a lost one, no answer in time, 502, 503, 504) that eject. Raising it sends more calls
   * into a dead instance; lowering it ejects for a moment's trouble. @default 5
   */
  readonly consecutiveFailures?: number | string | undefined;
  /**
   * Share of failed attempts in the last ten seconds that ejects, in percent; here every 5xx is a failure. Raising it bears
   * an instance that is half broken; lowering it ejects for a bug in one route. @default 50
   */
  readonly failurePercent?: number | string | undefined;
  /**
   * Attempts in the last ten seconds below which that share says nothing. Raising it judges later; lowering it judges by
   * chance. @default 20
   */
  readonly minAttempts?: number | string | undefined;
  /**
   * Milliseconds of a first ejection, ± 20 %; each further one in a row is longer by as much. Raising it goes without an
   * instance that is well again; lowering it tries a broken one more often. @default 5000
   */
  readonly baseMs?: number | string | undefined;
  /** Milliseconds: no ejection is longer. It costs what `baseMs` costs, for instances that fail again and again. @default 60000 */
  readonly maxMs?: number | string | undefined;
  /**
   * Part of a service's instances that may be out at once, in percent; when fewer than the rest are left, all are used
   * again. Raising it can leave the whole load to one instance; lowering it keeps calling broken ones. @default 50
   */
  readonly maxEjectedPercent?: number | string | undefined;
}

export type EjectionTunables = { readonly [K in keyof EjectionOptions]-?: number };

export const EJECTION_OPTIONS: { readonly [K in keyof EjectionTunables]: Option<number> } = {
  consecutiveFailures: integerOption('failures', { min: 1, max: 1_000_000 }, () => 5),
  failurePercent: integerOption('percent', { min: 1, max: 100 }, () => 50),
  minAttempts: integerOption('attempts', { min: 1, max: 1_000_000 }, () => 20),
  baseMs: integerOption('milliseconds', { min: 1, max: 3_600_000 }, () => 5_000),
  maxMs: integerOption('milliseconds', { min: 1, max: 3_600_000 }, () => 60_000),
  maxEjectedPercent: integerOption('percent', { min: 1, max: 99 }, () => 50),
};
