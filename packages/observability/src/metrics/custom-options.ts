import { functionOption, type Option, OptionProblem } from '@express-micro/core';
import { risingOption } from './options.ts';

type LabelValue = string | number | boolean;
export type LabelsOf<L extends string> = { readonly [K in L]: LabelValue };

/** What every kind of metric takes. */
export interface MetricOptions<L extends string = never> {
  /** What it counts or measures, in words, and in which unit: Prometheus and Grafana show it beside the name. No default. */
  readonly help: string;
  /**
   * Names of its labels, at most 10. Give them few different values: each combination is a series for as long as the process
   * lives, here and in Prometheus; fewer of them tell less apart. @default []
   */
  readonly labels?: readonly L[] | undefined;
}

export interface HistogramOptions<L extends string = never> extends MetricOptions<L> {
  /**
   * Upper bounds, 1 to 50 of them, rising, in the unit of what is observed. More of them tell quantiles apart better, and cost a series each for
   * every combination of labels; fewer make quantiles coarse.
   * @default [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
   */
  readonly buckets?: readonly number[] | undefined;
}

export interface SummaryOptions<L extends string = never> extends MetricOptions<L> {
  /**
   * Which quantiles are shown, rising, from 0 to 1. More of them cost a series each for every combination of labels, and are looked up with each
   * scrape; those that are left out cannot be had later. @default [0.5, 0.9, 0.99]
   */
  readonly quantiles?: readonly number[] | undefined;
  /**
   * Seconds that they look back, from 1 to 86400. Raising it holds more values in memory and is slow to show a change; lowering
   * it makes rare values jump. @default 600
   */
  readonly maxAgeSeconds?: number | undefined;
}

export interface GaugeOptions<L extends string = never> extends MetricOptions<L> {
  /**
   * Asked at each scrape, for what somebody else keeps count of: `() => queue.length`, or
   * `() => [[{ state: 'idle' }, pool.idleCount], [{ state: 'waiting' }, pool.waitingCount]]`. A second at most.
   * @default none: it is what `set`, `inc` and `dec` make it
   */
  readonly read?: (() => Readings<NoInfer<L>> | Promise<Readings<NoInfer<L>>>) | undefined;
}

export type Readings<L extends string> = number | ([L] extends [never] ? never : Iterable<readonly [LabelsOf<L>, number]>);

type CommonTable = { readonly help: Option<string>; readonly labels: Option<readonly string[]> };
/** As code that is not asked for its types gives it. */
type Read = () => unknown;

const COMMON: CommonTable = {
  help: {
    takes: 'a text that says what it counts or measures',
    fallback: () => {
      throw new OptionProblem('none was given');
    },
    read: (value) => {
      if (typeof value !== 'string' || value.trim() === '') throw new OptionProblem();
      return value;
    },
  },
  labels: {
    takes: 'a list of at most 10 names of letters, digits and "_"',
    fallback: () => [],
    read: (value) => {
      const isName = (name: unknown) => typeof name === 'string' && /^(?!__)[a-zA-Z_]\w*$/.test(name);
      if (!Array.isArray(value) || value.length > 10 || !value.every(isName)) throw new OptionProblem();
      if (new Set(value).size !== value.length) throw new OptionProblem('one of them twice');
      return Object.freeze([...value]);
    },
  },
};

const BUCKETS: readonly number[] = Object.freeze([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
const QUANTILES: readonly number[] = Object.freeze([0.5, 0.9, 0.99]);

/** Each kind's options, declared and defaulted. */
export const CUSTOM_OPTIONS: {
  readonly counter: CommonTable;
  readonly gauge: CommonTable & { readonly read: Option<Read | undefined> };
  readonly histogram: CommonTable & { readonly buckets: Option<readonly number[]> };
  readonly summary: CommonTable & { readonly quantiles: Option<readonly number[]>; readonly maxAgeSeconds: Option<number> };
} = {
  counter: COMMON,
  gauge: { ...COMMON, read: functionOption<Read>('a function') },
  histogram: { ...COMMON, buckets: risingOption('a list of 1 to 50 rising numbers', BUCKETS) },
  summary: {
    ...COMMON,
    quantiles: risingOption('a list of 1 to 50 rising numbers from 0 to 1', QUANTILES, { min: 0, max: 1 }),
    maxAgeSeconds: {
      takes: 'a number of seconds from 1 to 86400',
      fallback: () => 600,
      read: (value) => {
        if (typeof value !== 'number' || !(value >= 1 && value <= 86_400)) throw new OptionProblem();
        return value;
      },
    },
  },
};
