import { toUSVString } from 'node:util';

/** What stands for everything beyond a bound. */
export const OTHER = 'other';

/** Longer than a name that people give; nothing is cut that identifies. */
const MAX_VALUE_LENGTH = 200;
/** A character that no value has: see `clean`. */
const SEPARATOR = '\u0000';

/**
 * As it can stand on the page. What is half of a character would become the same replacement as any other half, and two lines
 * of one series make Prometheus refuse the whole page.
 */
function clean(text: string): string {
  return toUSVString(text.slice(0, MAX_VALUE_LENGTH)).replace(/\p{Cc}/gu, '?');
}

/** What cannot be made a text: a metric breaks no request. */
const UNREADABLE = 'unreadable';

function textIn(given: Readonly<Record<string, unknown>>, name: string): string {
  try {
    const value = given[name];
    if (typeof value === 'string') return value;
    // A label called `constructor` is on every object.
    if (value === undefined || value === (Object.prototype as unknown as Record<string, unknown>)[name]) return '';
    return String(value);
  } catch {
    return UNREADABLE;
  }
}

export interface LabelBounds {
  /** Different values of one label; all others are `other`. */
  readonly maxValues: number;
  /** Different combinations; all others are `other` in every label. */
  readonly maxSeries: number;
}

export interface BoundedLabels {
  /** The values in the order of the names, bounded, and one text that stands for all of them. */
  bound(given: Readonly<Record<string, unknown>>): BoundLabels;
  /** Whether something has become `other`. */
  readonly isFull: boolean;
}

interface BoundLabels {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Keeps the number of series of a metric below a bound, whatever values arrive: the first so many stay as they are, the rest
 * share one. A series lives as long as the process, so a label that a stranger fills is a leak of memory here and in Prometheus.
 */
export function createBoundedLabels(names: readonly string[], { maxValues, maxSeries }: LabelBounds): BoundedLabels {
  const known = names.map(() => new Set<string>());
  const series = new Map<string, BoundLabels>();
  const rest = boundOf(names.map(() => OTHER));
  let isFull = false;

  function boundOf(values: readonly string[]): BoundLabels {
    const labels = Object.freeze(Object.fromEntries(names.map((name, at) => [name, values[at] as string])));
    return Object.freeze({ key: values.join(SEPARATOR), labels });
  }

  function boundValue(at: number, text: string): string {
    const values = known[at] as Set<string>;
    if (values.has(text)) return text;
    const value = clean(text);
    if (values.has(value)) return value;
    if (values.size < maxValues) {
      values.add(value);
      return value;
    }
    isFull = true;
    return OTHER;
  }

  return {
    bound(given) {
      let key = '';
      for (let at = 0; at < names.length; at++) {
        key += (at === 0 ? '' : SEPARATOR) + boundValue(at, textIn(given, names[at] as string));
      }
      const found = series.get(key);
      if (found !== undefined) return found;
      if (series.size >= maxSeries) {
        isFull = true;
        return rest;
      }
      const created = boundOf(names.length === 0 ? [] : key.split(SEPARATOR).slice(0, names.length));
      series.set(key, created);
      return created;
    },
    get isFull() {
      return isFull;
    },
  };
}
