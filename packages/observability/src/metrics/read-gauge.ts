import { type Clock, settlesWithin } from '@express-micro/core';
import { reasonOf } from '../reason.ts';
import type { BoundedLabels } from './bounded-labels.ts';
import type { Family } from './family.ts';

const READ_LIMIT_MS = 1_000;
const NO_LABELS: Labels = Object.freeze({});

type Labels = Readonly<Record<string, unknown>>;

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
    let rows: readonly (readonly [Labels, number])[];
    try {
      const asked = ask();
      if (!(await settlesWithin(clock, READ_LIMIT_MS, asked))) throw new Error(`no answer within ${READ_LIMIT_MS} ms`);
      rows = rowsOf(await asked);
    } catch (error) {
      complain(`could not be read: ${reasonOf(error)}.`);
      return [];
    }
    const bySeries = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>();
    for (const [given, value] of rows) {
      const { key, labels } = bounded.bound(given);
      // Of those that share "other" there is one line: their sum.
      bySeries.set(key, { labels, value: (bySeries.get(key)?.value ?? 0) + value });
    }
    return [{ name, help, type: 'gauge', samples: [...bySeries.values()].map((row) => ({ name, ...row })) }];
  };
}

/** Compiled code is not asked for its types: what is neither a number nor rows of them is refused, and the page stays. */
function rowsOf(readings: unknown): readonly (readonly [Labels, number])[] {
  if (typeof readings === 'number') return [[NO_LABELS, readings]];
  if (readings === undefined || readings === null) return [];
  const rows: unknown = Symbol.iterator in Object(readings) ? [...(readings as Iterable<unknown>)] : undefined;
  const isRow = (row: unknown) =>
    Array.isArray(row) && typeof row[0] === 'object' && row[0] !== null && typeof row[1] === 'number';
  if (!Array.isArray(rows) || !rows.every(isRow)) throw new TypeError('it takes a number, or a list of [labels, number]');
  return rows as (readonly [Labels, number])[];
}
