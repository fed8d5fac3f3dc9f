import { isForbiddenKey } from '@express-micro/core';

/** How much of a request a schema is asked to look at. */
export interface Bounds {
  readonly maxDepth: number;
  readonly maxValues: number;
}

export interface Excess {
  /** Where it was seen. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * What in a value is more than a schema should see: too deep, too much, or a key that would reach the prototype of what it is copied
 * to. Schemas recurse, so this comes first.
 */
export function excessOf(value: unknown, bounds: Bounds): Excess | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return walk(value, bounds.maxDepth, { left: bounds.maxValues }, [], bounds);
}

function walk(
  value: object,
  depthLeft: number,
  budget: { left: number },
  path: PropertyKey[],
  bounds: Bounds,
): Excess | undefined {
  if (depthLeft === 0) return { path: [...path], message: `Nested deeper than ${bounds.maxDepth} levels` };
  // Bytes are one value; files and streams of upload parsers are none of JSON.
  if (ArrayBuffer.isView(value)) return undefined;
  for (const key of Object.keys(value)) {
    budget.left -= 1;
    if (budget.left < 0) return { path: [], message: `Holds more than ${bounds.maxValues} values` };
    if (isForbiddenKey(key)) return { path: [...path], message: `The key "${key}" is not allowed` };
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner !== 'object' || inner === null) continue;
    path.push(key);
    const excess = walk(inner, depthLeft - 1, budget, path, bounds);
    if (excess !== undefined) return excess;
    path.pop();
  }
  return undefined;
}
