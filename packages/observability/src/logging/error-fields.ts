const MAX_CAUSES = 5;

/** Fields of Node's own errors and of most libraries that say nothing which the others do not. */
const TOLD_ELSEWHERE = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Errors of another realm, of vitest or of `vm`, are none by `instanceof`. */
export function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** An error as fields: what kind, its message, its stack, what it carries besides, and what caused it. */
export function errorFields(error: Error, depth = 0): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  const name: unknown = error.name;
  fields.type = typeof name === 'string' && name !== 'Error' ? name : (error.constructor?.name ?? 'Error');
  fields.message = String(error.message);
  if (error.stack !== undefined) fields.stack = String(error.stack);
  for (const key of Object.keys(error)) {
    if (!TOLD_ELSEWHERE.has(key)) fields[key] = (error as unknown as Record<string, unknown>)[key];
  }
  if (depth >= MAX_CAUSES) return fields;
  const { cause } = error;
  if (cause !== undefined) {
    fields.cause = typeof cause === 'object' && cause !== null && isError(cause) ? errorFields(cause, depth + 1) : cause;
  }
  const { errors } = error as { errors?: unknown };
  if (Array.isArray(errors)) {
    fields.errors = errors
      .slice(0, MAX_CAUSES)
      .map((each: unknown) => (typeof each === 'object' && each !== null && isError(each) ? errorFields(each, depth + 1) : each));
  }
  return fields;
}
