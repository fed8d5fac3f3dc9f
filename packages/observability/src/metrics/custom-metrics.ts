type LabelValue = string | number | boolean;
type LabelsOf<L extends string> = { readonly [K in L]: LabelValue };
/** Labels come first where there are some. */
type With<L extends string, Rest extends readonly unknown[]> = [L] extends [never] ? Rest : [labels: LabelsOf<L>, ...rest: Rest];

export interface MetricOptions<L extends string = never> {
  /** What it counts or measures, in words, and in which unit. */
  readonly help: string;
  /** Names of its labels. Give them few different values: each combination is a series for as long as the process lives. */
  readonly labels?: readonly L[] | undefined;
}

export interface HistogramOptions<L extends string = never> extends MetricOptions<L> {
  /** Upper bounds, rising. @default [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] */
  readonly buckets?: readonly number[] | undefined;
}

export interface SummaryOptions<L extends string = never> extends MetricOptions<L> {
  /** @default [0.5, 0.9, 0.99] */
  readonly quantiles?: readonly number[] | undefined;
  /** Seconds that they look back. @default 600 */
  readonly maxAgeSeconds?: number | undefined;
}

export interface GaugeOptions<L extends string = never> extends MetricOptions<L> {
  /**
   * Asked at each scrape, for what somebody else keeps count of: `() => queue.length`, or
   * `() => [[{ state: 'idle' }, pool.idleCount], [{ state: 'waiting' }, pool.waitingCount]]`. A second at most.
   */
  readonly read?: (() => Readings<NoInfer<L>> | Promise<Readings<NoInfer<L>>>) | undefined;
}

export type Readings<L extends string> = number | ([L] extends [never] ? never : Iterable<readonly [LabelsOf<L>, number]>);

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
