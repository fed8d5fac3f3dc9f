const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether a key must never come from outside: it would reach the prototype of what it is copied to. */
export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/**
 * Parses JSON that came over the network from somebody not trusted with our memory: bounded depth, no key that reaches a
 * prototype. Size is bounded before, where the bytes are read.
 *
 * @throws SyntaxError that says what was wrong, without the text itself
 */
export function parseUntrustedJson(text: string, maxDepth = 32): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError('not valid JSON');
  }
  inspect(value, maxDepth);
  return value;
}

function inspect(value: unknown, depthLeft: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depthLeft === 0) throw new SyntaxError('nested too deep');
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw new SyntaxError(`the key "${key}" is not allowed`);
    inspect((value as Record<string, unknown>)[key], depthLeft - 1);
  }
}
