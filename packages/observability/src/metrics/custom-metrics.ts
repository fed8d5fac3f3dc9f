import type { GaugeOptions, HistogramOptions, LabelsOf, MetricOptions, SummaryOptions } from './custom-options.ts';

/** Labels come first where there are some. */
type With<L extends string, Rest extends readonly unknown[]> = [L] extends [never] ? Rest : [labels: LabelsOf<L>, ...rest: Rest];

export interface Counter<L extends string = never> {
  /** @param value at least 0. @default 1 */
  inc(...args: With<L, [value?: number]>): void;
}

export interface Gauge<L extends string = never> {
  set(...args: With<L, [value: number]>): void;
  inc(...args: With<L, [value?: number]>): void;
  dec(...args: With<L, [value?: number]>): void;
}

export interface Histogram<L extends string = never> {
  observe(...args: With<L, [value: number]>): void;
  /** Call what it answers when it is over: the seconds in between are observed. */
  startTimer(...args: With<L, []>): () => number;
}

export type Summary<L extends string = never> = Histogram<L>;

/** Counts and measures of your own, on the same page as ours. */
export interface CustomMetrics {
  /** Only grows: `orders_total`. Its name ends in `_total`. @throws OBSERVABILITY_OPTION_INVALID */
  counter<const L extends string = never>(name: string, options: MetricOptions<L>): Counter<L>;
  /** Goes up and down: `queue_depth`. @throws OBSERVABILITY_OPTION_INVALID */
  gauge<const L extends string = never>(name: string, options: GaugeOptions<L>): Gauge<L>;
  /** How values are spread, in buckets that several processes can be summed up by: `job_duration_seconds`. @throws OBSERVABILITY_OPTION_INVALID */
  histogram<const L extends string = never>(name: string, options: HistogramOptions<L>): Histogram<L>;
  /** The same as quantiles of this process alone; they cannot be summed up. @throws OBSERVABILITY_OPTION_INVALID */
  summary<const L extends string = never>(name: string, options: SummaryOptions<L>): Summary<L>;
}
