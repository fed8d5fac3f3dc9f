// Hot path: every field of every line. Its bench: bench/log-line.mjs

import { errorFields, isError } from './error-fields.ts';
import { REDACTED, type Secrets } from './secrets.ts';

/** A line is read by people, and paid for by the byte. */
const MAX_DEPTH = 8;
const MAX_ENTRIES = 200;
const MAX_TEXT = 16_384;
/** Characters of all fields together, about. What refers to the same thing many times, and that again, would have no end. */
const MAX_LINE = 262_144;
/** What a value counts for that is no text. */
const VALUE_LENGTH = 8;
const MORE = '[more]';

export type Fields = Readonly<Record<string, unknown>>;

/** Makes what somebody gives to a line fit for one: no secrets, no cycles, no end of it. Throws where reading it throws. */
export interface Cleaner {
  /** The same object where nothing needs to be changed: nearly always. */
  fields(given: Fields): Fields;
  text(given: string): string;
}

/**
 * @param reserved names that the line has itself: a field of that name, say from a client's JSON that is logged as a whole,
 * gets a `_` behind it, so that nobody can make a line say another level, time or request.
 */
export function createCleaner({ isSecretName, mask }: Secrets, reserved: ReadonlySet<string>): Cleaner {
  function text(given: string): string {
    return mask(given.length > MAX_TEXT ? `${given.slice(0, MAX_TEXT)}… (${given.length} characters)` : given);
  }

  /** What the fields of a line may still take. */
  let left = 0;

  function value(given: unknown, above: readonly object[]): unknown {
    if (left <= 0) return MORE;
    left -= typeof given === 'string' ? given.length : VALUE_LENGTH;
    switch (typeof given) {
      case 'string':
        return text(given);
      case 'number':
        // A card number that came as a number.
        return given > 2e13 && given < 1e16 && mask(String(given)) === REDACTED ? REDACTED : given;
      case 'bigint':
        return mask(String(given));
      case 'object':
        return given === null ? null : nested(given, above);
      case 'function':
      case 'symbol':
        return undefined;
      default:
        return given;
    }
  }

  function nested(given: object, above: readonly object[]): unknown {
    if (above.includes(given)) return '[circular]';
    if (above.length >= MAX_DEPTH) return '[deeper]';
    const path = [...above, given];
    if (isError(given)) return record(errorFields(given), path);
    if (Array.isArray(given)) return list(given, path);
    if (ArrayBuffer.isView(given) || given instanceof ArrayBuffer) return `[${given.byteLength} bytes]`;
    if (given instanceof Map) return value(Object.fromEntries(given), path);
    if (given instanceof Set) return list([...given], path);
    if (isMessage(given)) return value({ method: given.method, url: given.url }, path);
    if (isResponse(given)) return value({ status: given.statusCode }, path);
    const { toJSON } = given as { toJSON?: unknown };
    if (typeof toJSON === 'function') return value(toJSON.call(given), path);
    return record(given as Fields, path);
  }

  function list(given: readonly unknown[], path: readonly object[]): readonly unknown[] {
    const cut = given.length > MAX_ENTRIES;
    let changed: unknown[] | undefined = cut ? [] : undefined;
    const length = cut ? MAX_ENTRIES : given.length;
    for (let i = 0; i < length; i++) {
      const cleaned = value(given[i], path);
      if (changed !== undefined) changed.push(cleaned);
      else if (cleaned !== given[i]) changed = [...given.slice(0, i), cleaned];
    }
    if (cut) changed?.push(`… ${given.length - MAX_ENTRIES} more`);
    return changed ?? given;
  }

  function record(given: Fields, path: readonly object[]): Fields {
    let changed: Record<string, unknown> | undefined;
    const isTop = path.length === 1;
    let count = 0;
    for (const key of Object.keys(given)) {
      count += 1;
      left -= key.length;
      if (count > MAX_ENTRIES) {
        changed ??= before(given, key);
        changed['…'] = 'more';
        break;
      }
      const original = given[key];
      const isTaken = isTop && reserved.has(key);
      // `null` and `false` are no secrets, and say that there is none.
      const cleaned =
        isSecretName(key) && original !== null && original !== undefined && typeof original !== 'boolean'
          ? REDACTED
          : value(original, path);
      if (changed === undefined) {
        if (cleaned === original && !isTaken) continue;
        changed = before(given, key);
      }
      changed[isTaken ? `${key}_` : key] = cleaned;
    }
    return changed ?? given;
  }

  return {
    text,
    fields(given) {
      left = MAX_LINE;
      // A request is told by its line; what hangs on it is half of Node.
      if (isMessage(given)) return { req: value({ method: given.method, url: given.url }, [given]) };
      if (isResponse(given)) return { res: { status: given.statusCode } };
      return record(given, [given]);
    },
  };
}

/** A copy of what stands before a key. Without a prototype, so that a key `__proto__` is a key like others. */
function before(given: Fields, end: string): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(given)) {
    if (key === end) break;
    copy[key] = given[key];
  }
  return copy;
}

function isMessage(given: object): given is { method: unknown; url: unknown } {
  return 'headers' in given && 'socket' in given && 'httpVersion' in given;
}

function isResponse(given: object): given is { statusCode: unknown } {
  return 'statusCode' in given && typeof (given as { setHeader?: unknown }).setHeader === 'function';
}
