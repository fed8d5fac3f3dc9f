/** The text of a value that can stand in a URL, or `undefined` for one that cannot: see {@link whyNotScalar}. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      // 2^53 and above have lost digits already, so the id that arrives would not be the one that was meant.
      return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? String(value) : undefined;
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

/** What to do about a value that {@link scalarText} refuses. */
export function whyNotScalar(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value)) return 'it is past 2^53, pass it as a string or a bigint';
  return 'it takes a string, a finite number, a bigint or a boolean';
}

/** A value as an error message shows it: short, on one line, with nothing that a terminal would obey. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value).replace(
        /[\u007f-\u009f\u2028\u2029]/g,
        escaped,
      );
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return value instanceof Date ? 'a Date' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'bigint':
      return `${value}n`.slice(0, 42);
    default:
      return String(value);
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
