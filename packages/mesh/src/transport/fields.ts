/** Header fields while they are read. */
export type Fields = Record<string, string | string[]>;

/**
 * Adds a field; one that came before becomes a list. In place: an answer may hold the same field some thousand times, and a copy of
 * the list for each would take the caller seconds.
 */
export function addField(fields: Fields, name: string, value: string): void {
  const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (Array.isArray(before)) {
    before.push(value);
    return;
  }
  const all = before === undefined ? value : [before, value];
  // A name such as __proto__ becomes a field like any other.
  Object.defineProperty(fields, name, { value: all, enumerable: true, configurable: true, writable: true });
}
