import { type Clock, currentContext, type Log, type Resolved, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { createBoundedLabels, type LabelBounds } from './bounded-labels.ts';
import { Buckets } from './buckets.ts';
import type { CustomMetrics } from './custom-metrics.ts';
import { familyOf, nameProblem, RESERVED } from './custom-names.ts';
import { CUSTOM_OPTIONS } from './custom-options.ts';
import type { Collect } from './family.ts';
import type { PromMetrics } from './prom-client.ts';
import { createGaugeReader } from './read-gauge.ts';

export interface CustomSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly prom: PromMetrics;
  readonly bounds: LabelBounds;
  /** Whether a name is one of ours. */
  readonly isTaken: (name: string) => boolean;
}

const NO_LABELS = Object.freeze({});
type Kind = keyof typeof CUSTOM_OPTIONS;
type OptionsOf<K extends Kind> = Resolved<(typeof CUSTOM_OPTIONS)[K]>;

export function createCustomMetrics(surroundings: CustomSurroundings): CustomMetrics & { readonly collect: Collect } {
  const { clock, log, prom, bounds, isTaken } = surroundings;
  const names = new Set<string>();
  const collectors: Collect[] = [];

  /** What all of them have in common: a name of their own, labels, and that they never throw where they are used. */
  function define<K extends Kind>(kind: K, name: string, given: unknown) {
    const owner = `metrics.${kind}(${JSON.stringify(name)})`;
    const options = resolveOptions(owner, CUSTOM_OPTIONS[kind], given, optionInvalid) as OptionsOf<K>;
    const problem = nameProblem(kind, name, names, isTaken);
    if (problem !== undefined) throw optionInvalid(`${owner}: ${problem}`, { name });
    names.add(familyOf(name));
    const { help, labels } = options as OptionsOf<'counter'>;
    for (const label of labels) {
      if (label === RESERVED[kind])
        throw optionInvalid(`${owner}: "${label}" is a label that a ${kind} has by itself.`, { name });
    }
    const bounded = createBoundedLabels(labels, bounds);
    let hasComplained = false;
    const complain = (text: string) => {
      if (!hasComplained) log.warn(`the metric "${name}" ${text} This is said once.`);
      hasComplained = true;
    };
    /** Takes arguments apart: with labels, or without. A metric that is used wrongly counts nothing, and breaks no request. */
    const taken = (args: readonly unknown[], fallback?: number) => {
      const value = args[labels.length === 0 ? 0 : 1] ?? fallback;
      const bound = bounded.bound(labels.length === 0 ? NO_LABELS : ((args[0] ?? NO_LABELS) as Record<string, unknown>));
      if (bounded.isFull)
        complain(`has more than ${bounds.maxValues} values of a label, or ${bounds.maxSeries} series: the rest are "other".`);
      if (typeof value === 'number' && Number.isFinite(value)) return { ...bound, value };
      complain(`was given ${String(value)}, which is no number, and does not count that.`);
      return undefined;
    };
    return { described: { name, help, labelNames: labels }, options, bounded, taken, complain };
  }

  return {
    counter(name: string, given: unknown) {
      const { described, taken, complain } = define('counter', name, given);
      const counter = prom.counter(described);
      return {
        inc(...args: readonly unknown[]) {
          const one = taken(args, 1);
          if (one === undefined) return;
          if (one.value < 0) complain(`was given ${one.value}; a counter only grows, and does not count that.`);
          else counter.add(one.labels, one.value);
        },
      };
    },

    gauge(name: string, given: unknown) {
      const { described, options, bounded, taken, complain } = define('gauge', name, given);
      const { read } = options;
      if (read !== undefined) collectors.push(createGaugeReader(described, read, bounded, complain, clock));
      const gauge = read === undefined ? prom.gauge(described) : undefined;
      const change =
        (sign: 1 | -1) =>
        (...args: readonly unknown[]) => {
          const one = taken(args, 1);
          if (one !== undefined) gauge?.add(one.labels, sign * one.value);
        };
      return {
        set(...args: readonly unknown[]) {
          const one = taken(args);
          if (one !== undefined) gauge?.set(one.labels, one.value);
        },
        inc: change(1),
        dec: change(-1),
      };
    },

    histogram(name: string, given: unknown) {
      const { described, options, taken } = define('histogram', name, given);
      const bounds = options.buckets;
      const series = new Map<string, { labels: Readonly<Record<string, string>>; buckets: Buckets }>();
      collectors.push(() => [
        {
          name,
          help: described.help,
          type: 'histogram',
          samples: [...series.values()].flatMap(({ labels, buckets }) => buckets.samples(name, labels)),
        },
      ]);
      return measuring(clock, (...args) => {
        const one = taken(args);
        if (one === undefined) return;
        let found = series.get(one.key);
        if (found === undefined) {
          found = { labels: one.labels, buckets: new Buckets(bounds) };
          series.set(one.key, found);
        }
        found.buckets.observeIn(currentContext(), one.value, clock);
      });
    },

    summary(name: string, given: unknown) {
      const { described, options, taken } = define('summary', name, given);
      const { quantiles, maxAgeSeconds } = options;
      const summary = prom.summary({ ...described, quantiles, maxAgeSeconds });
      return measuring(clock, (...args) => {
        const one = taken(args);
        if (one !== undefined) summary.observe(one.labels, one.value);
      });
    },

    async collect() {
      return [...(await prom.collect()), ...(await Promise.all(collectors.map((collect) => collect()))).flat()];
    },
  } as CustomMetrics & { readonly collect: Collect };
}

function measuring(clock: Clock, observe: (...args: readonly unknown[]) => void) {
  return {
    observe,
    startTimer(...labels: readonly unknown[]) {
      const beganAtMs = clock.monotonicMs();
      return () => {
        const seconds = (clock.monotonicMs() - beganAtMs) / 1_000;
        observe(...labels, seconds);
        return seconds;
      };
    },
  };
}
