/** One option: what it takes, how it is read, what stands when it is absent. Declared and defaulted once, here and nowhere else. */
export interface Option<T> {
  /** For the error message, after "it takes": `a number of milliseconds from 100 to 3600000`. */
  readonly takes: string;
  /** Returns the value in its final form, or throws an {@link OptionProblem} (any other error is a bug). */
  readonly read: (value: unknown) => T;
  /** Computed when the option is absent or `undefined`; may throw an {@link OptionProblem} too, about the environment. */
  readonly fallback: () => T;
  /** Its value is never repeated in a message. */
  readonly isSecret?: boolean;
}

/** Thrown by a reader that cannot take a value. `detail` narrows the blame to a part of it: `the second entry, "htp://x"`. */
export class OptionProblem extends Error {
  readonly detail: string | undefined;
  constructor(detail?: string) {
    super(detail ?? 'invalid');
    this.detail = detail;
  }
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type Resolved<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

/**
 * Reads what a user gave into one frozen object. `undefined` is absent; an unknown key, or a value that an option does
 * not take, is an error that names the option, what it got and what it takes. The user's object is never changed.
 *
 * @param owner the function whose options these are, for the message: `expressMicro()`
 * @param fail makes the error, with the code of the package that asks
 */
export function resolveOptions<T extends OptionTable>(
  owner: string,
  table: T,
  given: unknown,
  fail: (message: string, details: Record<string, unknown>) => Error,
): Resolved<T> {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw fail(`${owner} takes its options as an object; it got ${show(given)}.`, {});
  }
  const values: Record<string, unknown> = Object.assign(Object.create(null), given);
  const known = Object.keys(table);
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(table, key)) {
      throw fail(`Unknown option "${key}" of ${owner}. The options are: ${known.join(', ')}.`, { option: key });
    }
  }
  const resolved: Record<string, unknown> = {};
  for (const key of known) {
    const option = table[key] as Option<unknown>;
    const value = values[key];
    resolved[key] = readOption(owner, key, option, value, fail);
  }
  return Object.freeze(resolved) as Resolved<T>;
}

function readOption(
  owner: string,
  key: string,
  option: Option<unknown>,
  value: unknown,
  fail: (message: string, details: Record<string, unknown>) => Error,
): unknown {
  try {
    return value === undefined ? option.fallback() : option.read(value);
  } catch (error) {
    if (!(error instanceof OptionProblem)) throw error;
    const where = error.detail === undefined ? '' : ` (${error.detail})`;
    const shown = option.isSecret === true ? 'a value that is not shown here' : show(value);
    const got = value === undefined ? 'a default' : shown;
    throw fail(`Option "${key}" of ${owner} got ${got}${where}; it takes ${option.takes}.`, { option: key });
  }
}

/** A value as it can stand in a message: short, and readable for what JSON cannot write. */
export function show(value: unknown): string {
  if (typeof value === 'function') return `a function${value.name === '' ? '' : ` "${value.name}"`}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'symbol' || value === undefined) return String(value);
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** A text from outside as it can stand in a message or a log: one line, and not much. */
export function printable(text: string, maxLength = 120): string {
  const line = text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return line.length > maxLength ? `${line.slice(0, maxLength - 3)}…` : line;
}

/** A whole number in a range, also as a numeric string (environment variables are strings). */
export function integerOption<F>(takes: string, range: { min: number; max: number }, fallback: () => F): Option<number | F> {
  return {
    takes: `${takes} from ${range.min} to ${range.max}`,
    fallback,
    read: (value) => {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < range.min || number > range.max) {
        throw new OptionProblem();
      }
      return number;
    },
  };
}

export function booleanOption(fallback: boolean): Option<boolean> {
  return {
    takes: 'true or false',
    fallback: () => fallback,
    read: (value) => {
      if (typeof value !== 'boolean') throw new OptionProblem();
      return value;
    },
  };
}

export function functionOption<F>(takes: string): Option<F | undefined> {
  return {
    takes,
    fallback: () => undefined,
    read: (value) => {
      if (typeof value !== 'function') throw new OptionProblem();
      return value as F;
    },
  };
}

/**
 * Options that belong together, given as an object. `false`, and nothing else, switches off what they are about.
 *
 * @param name of the group, for messages about what is in it
 */
export function groupOption<T extends OptionTable>(name: string, table: T): Option<Resolved<T> | false> {
  const resolve = (given: unknown) =>
    resolveOptions(`"${name}"`, table, given, (message) => new OptionProblem(message.replace(/\.$/, '')));
  return {
    takes: `false, or an object of ${Object.keys(table).join(', ')}`,
    fallback: () => resolve(undefined),
    read: (value) => (value === false ? false : resolve(value)),
  };
}
