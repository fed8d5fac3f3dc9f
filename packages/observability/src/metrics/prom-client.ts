import { collectDefaultMetrics, Counter as PromCounter, Gauge as PromGauge, Summary as PromSummary, Registry } from 'prom-client';
import type { Collect, Family } from './family.ts';

type Labels = Readonly<Record<string, string>>;

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** prom-client's metrics of one app. It keeps them; what they are called, how many series they have and how they look as text is ours. */
export interface PromMetrics {
  counter(described: Described): { add(labels: Labels, value: number): void };
  gauge(described: Described): { set(labels: Labels, value: number): void; add(labels: Labels, value: number): void };
  summary(described: Described & { quantiles: readonly number[]; maxAgeSeconds: number }): {
    observe(labels: Labels, value: number): void;
  };
  readonly collect: Collect;
}

/** A registry of its own: never the one that prom-client shares, where two apps of a process would clash. */
export function createPromMetrics(): PromMetrics {
  const registry = new Registry();
  const registers = [registry];

  return {
    counter({ name, help, labelNames }) {
      const counter = new PromCounter({ name, help, labelNames: [...labelNames], registers });
      return { add: (labels, value) => counter.inc(labels, value) };
    },
    gauge({ name, help, labelNames }) {
      const gauge = new PromGauge({ name, help, labelNames: [...labelNames], registers });
      return { set: (labels, value) => gauge.set(labels, value), add: (labels, value) => gauge.inc(labels, value) };
    },
    summary({ name, help, labelNames, quantiles, maxAgeSeconds }) {
      const summary = new PromSummary({
        name,
        help,
        labelNames: [...labelNames],
        percentiles: [...quantiles],
        maxAgeSeconds,
        ageBuckets: 5,
        registers,
      });
      return { observe: (labels, value) => summary.observe(labels, value) };
    },
    collect: () => familiesOf(registry),
  };
}

let ofProcess: Registry | undefined;

/**
 * What tells of the process: event-loop delay, garbage collection, heap, handles, CPU, file descriptors. One set a process,
 * however many apps it has: they would all measure the same, and each costs a timer and a collector's ear.
 */
export function collectProcess(): Promise<readonly Family[]> {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return familiesOf(ofProcess);
}

/** Begins to measure: what has not happened yet is not counted. */
export function watchProcess(): void {
  void collectProcess();
}

async function familiesOf(registry: Registry): Promise<readonly Family[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map((metric) => {
    const { name, help, type, values } = metric as unknown as {
      name: string;
      help: string;
      type: Family['type'];
      values: readonly { metricName?: string; labels: Record<string, string | number>; value: number }[];
    };
    const samples = values.map(({ metricName, labels, value }) => ({ name: metricName ?? name, labels, value }));
    return { name, help, type, samples };
  });
}
