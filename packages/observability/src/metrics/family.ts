/** What a scrape hands over of one metric, before it is text: all that writes metrics makes these, both text formats read them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** The name of the family, or with `_bucket`, `_sum` or `_count` behind it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

/** One request that stands for many, with the trace that shows it. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly epochMs: number;
}

/** What can be asked for its metrics. Never rejects: who cannot tell leaves out what is unknown. */
export type Collect = () => readonly Family[] | Promise<readonly Family[]>;
