import { isForbiddenKey, show } from '@express-micro/core';
import { AppError } from '../app-errors.ts';

export interface BodyLimits {
  /** Objects and arrays within each other. */
  readonly maxDepth: number;
}

export const DEFAULT_MAX_DEPTH = 32;

/**
 * Refuses what must not come from outside, however it was parsed: keys that reach a prototype (`__proto__`, `constructor`,
 * `prototype`), and nesting deeper than code that walks it can bear. Changes nothing.
 *
 * @throws AppError 400 `BODY_KEY_FORBIDDEN`, `BODY_TOO_DEEP`
 */
export function inspectBody(value: unknown, limits: Partial<BodyLimits> = {}): void {
  const { maxDepth = DEFAULT_MAX_DEPTH } = limits;
  walk(value, maxDepth, maxDepth);
}

function walk(value: unknown, depthLeft: number, maxDepth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depthLeft === 0) {
    throw tooDeep(maxDepth);
  }
  if (Array.isArray(value)) {
    for (const each of value) walk(each, depthLeft - 1, maxDepth);
    return;
  }
  for (const key in value) {
    if (isForbiddenKey(key)) throw forbiddenKey(key);
    walk((value as Record<string, unknown>)[key], depthLeft - 1, maxDepth);
  }
}

export function tooDeep(maxDepth: number): AppError {
  return new AppError(`The body is nested more than ${maxDepth} deep`, {
    status: 400,
    code: 'BODY_TOO_DEEP',
    data: { maxDepth },
  });
}

export function forbiddenKey(key: string): AppError {
  return new AppError(`The key ${show(key)} is not allowed in a body`, { status: 400, code: 'BODY_KEY_FORBIDDEN' });
}
