import { type Clock, settlesWithin } from '@express-micro/core';
import type { BoundedLabels } from './bounded-labels.ts';
import type { Family } from './family.ts';

const READ_LIMIT_MS = 1_000;
const NO_LABELS = Object.freeze({});

/**
 * Asks who keeps count. One that fails, or does not answer, is left out: the rest of the page is still true. While one has not
 * answered it is not asked again: a pool that hangs would have one more waiting at each scrape.
 */
export function createGaugeReader(
  { name, help }: { readonly name: string; readonly help: string },
  read: () => unknown,
  bounded: BoundedLabels,
  complain: (text: string) => void,
  clock: Clock,
): () => Promise<Family[]> {
  let underWay: Promise<unknown> | undefined;

  function ask(): Promise<unknown> {
    underWay ??= Promise.resolve()
      .then(read)
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  return async () => {
    let readings: unknown;
    try {
      const asked = ask();
      if (!(await settlesWithin(clock, READ_LIMIT_MS, asked))) throw new Error(`no answer within ${READ_LIMIT_MS} ms`);
      readings = await asked;
    } catch (error) {
      complain(`could not be read: ${error instanceof Error ? error.message : String(error)}.`);
      return [];
    }
    const rows =
      typeof readings === 'number'
        ? [[NO_LABELS, readings] as const]
        : [...((readings ?? []) as Iterable<readonly [object, number]>)];
    const bySeries = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>();
    for (const [given, value] of rows) {
      const { key, labels } = bounded.bound(given as Record<string, unknown>);
      // Of those that share "other" there is one line: their sum.
      bySeries.set(key, { labels, value: (bySeries.get(key)?.value ?? 0) + Number(value) });
    }
    return [{ name, help, type: 'gauge', samples: [...bySeries.values()].map((row) => ({ name, ...row })) }];
  };
}
