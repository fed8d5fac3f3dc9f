import { groupOption, integerOption, type Option, OptionProblem } from '@express-micro/core';
import {
  type AccessOptions,
  accessOption,
  hostOption,
  pathOption,
  portOption,
  type ResolvedAccess,
} from '../endpoints/options.ts';

/** What is measured, and who may read it. */
export interface MetricsOptions {
  /** Where they are read. Answered before anything of the app, which no longer gets requests for it. @default '/metrics' */
  readonly path?: string | undefined;
  /**
   * A port of their own: then the app does not answer at `path`, and scrapes need nothing of the app. The same number as
   * `health.port` makes one server for both. @default none: on the app
   */
  readonly port?: number | string | undefined;
  /** The address that the own port is bound to. @default all */
  readonly host?: string | undefined;
  /** Who may read them; `'everyone'` where something else guards them. @default requests from this machine, through no proxy */
  readonly access?: AccessOptions | 'everyone' | undefined;
  /**
   * Upper bounds of the buckets of `http_request_duration_seconds`, in seconds, 1 to 50 of them. More of them tell percentiles apart
   * better, and cost a series each for every route, method and status; fewer make percentiles coarse. @default [0.01, 0.05, 0.1, 0.5, 1, 5]
   */
  readonly buckets?: readonly number[] | undefined;
  /**
   * Values of one label of a metric of yours that are told apart; the rest are `other`. Raising it costs memory here and in
   * Prometheus for as long as both run; lowering it hides what there is. @default 100
   */
  readonly maxLabelValues?: number | string | undefined;
  /**
   * Series of one metric of yours, that is combinations of its labels; those beyond are `other` in every label. A histogram has a
   * line a bucket for each. Raising it costs memory here and in Prometheus; lowering it hides what there is. @default 1000
   */
  readonly maxSeries?: number | string | undefined;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const ANY = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

/** Bounds of buckets, or quantiles: rising numbers. */
export function risingOption(
  takes: string,
  fallback: readonly number[],
  { min, max }: { readonly min: number; readonly max: number } = ANY,
): Option<readonly number[]> {
  return {
    takes,
    fallback: () => fallback,
    read: (value) => {
      if (!Array.isArray(value) || value.length === 0 || value.length > 50 || !value.every(isNumber)) throw new OptionProblem();
      if (value.some((one) => one < min || one > max)) throw new OptionProblem();
      if (value.some((one, at) => at > 0 && one <= (value[at - 1] as number))) throw new OptionProblem('not in rising order');
      return Object.freeze([...value]);
    },
  };
}

const HTTP_BUCKETS: readonly number[] = Object.freeze([0.01, 0.05, 0.1, 0.5, 1, 5]);

export interface ResolvedMetrics {
  readonly path: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly access: ResolvedAccess;
  readonly buckets: readonly number[];
  readonly maxLabelValues: number;
  readonly maxSeries: number;
}

const TABLE: { readonly [K in keyof ResolvedMetrics]: Option<ResolvedMetrics[K]> } = {
  path: pathOption('/metrics'),
  port: portOption,
  host: hostOption,
  access: accessOption,
  buckets: risingOption('a list of 1 to 50 rising numbers of seconds', HTTP_BUCKETS, { min: 0, max: Number.POSITIVE_INFINITY }),
  maxLabelValues: integerOption('a number of values', { min: 1, max: 100_000 }, () => 100),
  maxSeries: integerOption('a number of series', { min: 1, max: 1_000_000 }, () => 1_000),
};

/** What is wrong in it is said; the whole may hold a token. */
export const metricsOption: Option<ResolvedMetrics | false> = { ...groupOption('metrics', TABLE), isSecret: true };
