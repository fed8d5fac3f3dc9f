import { httpError } from '../errors.ts';
import { runSchema, type Schema } from '../validation/schema.ts';
import type { ResponseCheck } from './definition.ts';

/** Holds what is to be sent against its schema, and answers what is to be sent. */
export type ResponseChecker = (data: unknown) => unknown | Promise<unknown>;

/**
 * @param place what is checked: `the answer of getOrders`
 * @throws HTTP_RESPONSE_INVALID by the checker
 */
export function createResponseChecker(schema: Schema, check: Exclude<ResponseCheck, 'never'>, place: string): ResponseChecker {
  return async (data) => {
    const result = await runSchema(schema, data, place);
    if (result.issues) {
      const [first] = result.issues;
      const more = result.issues.length > 1 ? `, and ${result.issues.length - 1} more` : '';
      throw invalid(place, `at ${pathText(first?.path)}: ${first?.message}${more}`);
    }
    if (check === 'always') return result.value;
    const difference = differenceOf(asJson(data), asJson(result.value), []);
    if (difference !== undefined) {
      throw invalid(
        place,
        `${difference}. Production sends what the handler returned, without asking the schema: return what it describes, or say checkResponse: 'always'`,
      );
    }
    return data;
  };
}

function invalid(place: string, why: string): Error {
  return httpError('HTTP_RESPONSE_INVALID', `${place} is not what its schema says: ${why}.`);
}

function asJson(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Where two JSON values part, in words: a schema that drops a key has dropped it in development only. */
function differenceOf(sent: unknown, parsed: unknown, path: readonly string[]): string | undefined {
  if (typeof sent !== 'object' || sent === null || typeof parsed !== 'object' || parsed === null) {
    return Object.is(sent, parsed) ? undefined : `the schema changes ${pathText(path)}`;
  }
  for (const key of new Set([...Object.keys(sent), ...Object.keys(parsed)])) {
    const inner = [...path, key];
    if (!Object.hasOwn(parsed, key)) return `the schema drops ${pathText(inner)}`;
    if (!Object.hasOwn(sent, key)) return `the schema adds ${pathText(inner)}`;
    const difference = differenceOf((sent as Record<string, unknown>)[key], (parsed as Record<string, unknown>)[key], inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function pathText(path: readonly unknown[] | undefined): string {
  if (path === undefined || path.length === 0) return 'the whole';
  return path.map((step) => String(typeof step === 'object' && step !== null ? (step as { key?: unknown }).key : step)).join('.');
}
