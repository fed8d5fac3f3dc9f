// Checked by `npm run check`: a wrong type here is a compile error. Nothing runs.

import { expectTypeOf } from 'vitest';
import type { Health, Metrics, Shutdown } from '../src/index.ts';

declare const metrics: Metrics;
declare const health: Health;
declare const shutdown: Shutdown;

export function types(): void {
  const plain = metrics.counter('made_total', { help: 'Made.' });
  plain.inc();
  plain.inc(2);
  // @ts-expect-error it has no labels
  plain.inc({ kind: 'pen' });

  const labelled = metrics.counter('sold_total', { help: 'Sold.', labels: ['kind', 'size'] });
  labelled.inc({ kind: 'pen', size: 3 });
  labelled.inc({ kind: 'pen', size: true }, 2);
  // @ts-expect-error a label that is missing
  labelled.inc({ kind: 'pen' });
  // @ts-expect-error a label that is not declared
  labelled.inc({ kind: 'pen', size: 1, colour: 'red' });
  // @ts-expect-error no labels where some are needed
  labelled.inc(2);

  const times = metrics.histogram('took_seconds', { help: 'Took.', labels: ['job'], buckets: [1, 2] });
  times.observe({ job: 'mail' }, 0.2);
  expectTypeOf(times.startTimer({ job: 'mail' })).toEqualTypeOf<() => number>();
  // @ts-expect-error a value that is missing
  times.observe({ job: 'mail' });

  metrics.gauge('depth', { help: 'Depth.', read: () => 3 });
  metrics.gauge('depth_async', { help: 'Depth.', read: async () => 3 });
  metrics.gauge('pool', { help: 'Pool.', labels: ['state'], read: () => [[{ state: 'idle' }, 3]] });
  // @ts-expect-error a reading with another label
  metrics.gauge('pool_wrong', { help: 'Pool.', labels: ['state'], read: () => [[{ colour: 'idle' }, 3]] });
  // @ts-expect-error rows where there are no labels
  metrics.gauge('rows', { help: 'Rows.', read: () => [[{ state: 'idle' }, 3]] });
  // @ts-expect-error an option that it does not have
  metrics.counter('x_total', { help: 'X.', buckets: [1] });
  // @ts-expect-error no help
  metrics.summary('s', {});

  expectTypeOf(metrics.text('openmetrics')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(health.check('database', async (signal) => void signal.aborted)).toEqualTypeOf<() => void>();
  expectTypeOf(shutdown.register('pool', () => {}, { timeoutMs: 5 })).toEqualTypeOf<() => void>();
}
