// Hot path: every request passes here once, and so does every observed call. Its bench: bench/metrics-cost.mjs

import type { Clock, Context } from '@express-micro/core';
import { sampledNow } from '../request/trace-ids.ts';
import type { Exemplar, Sample } from './family.ts';

/** An exemplar that is younger stays: one a second for each bucket is more than anybody scrapes. */
const EXEMPLAR_REST_MS = 1_000;

/**
 * One series of a histogram. prom-client's own finds a series by a text made of its labels at each observation, which costs
 * five times as much, and eight times with exemplars; here whoever observes holds on to the series.
 */
export class Buckets {
  readonly bounds: readonly number[];
  /** Of each bucket alone; the last is beyond every bound. Summed up when they are read. */
  readonly counts: number[];
  sum = 0;
  private exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** Answers the bucket. */
  observe(value: number): number {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    counts[at] = (counts[at] as number) + 1;
    this.sum += value;
    return at;
  }

  /** The same, with the trace in which it happened as what stands for the bucket. */
  observeIn(context: Context | undefined, value: number, clock: Clock): void {
    const bucket = this.observe(value);
    const epochMs = clock.epochMs();
    const last = this.exemplars?.[bucket];
    if (last !== undefined && Math.abs(epochMs - last.epochMs) < EXEMPLAR_REST_MS) return;
    // A trace that nobody keeps shows nothing.
    const trace = sampledNow(context);
    if (trace === undefined) return;
    const { traceId, spanId } = trace;
    this.exemplars ??= [];
    this.exemplars[bucket] = { traceId, spanId, value, epochMs };
  }

  samples(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    const { bounds, counts, exemplars } = this;
    let total = 0;
    const samples: Sample[] = counts.map((count, at) => {
      total += count;
      const le = bounds[at] ?? '+Inf';
      return { name: `${name}_bucket`, labels: { ...labels, le }, value: total, exemplar: exemplars?.[at] };
    });
    samples.push({ name: `${name}_sum`, labels, value: this.sum }, { name: `${name}_count`, labels, value: total });
    return samples;
  }
}
