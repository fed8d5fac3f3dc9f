import { type Option, OptionProblem, type OptionTable, type Resolved, resolveOptions } from '@express-micro/core';
import { meshError } from '../errors.ts';

/** @param owner the function whose options these are, for messages: `redisSource()` @throws MESH_OPTION_INVALID */
export function resolveSourceOptions<T extends OptionTable>(owner: string, table: T, given: unknown): Resolved<T> {
  return resolveOptions(owner, table, given, (message, details) => meshError('MESH_OPTION_INVALID', message, { details }));
}

/** The client of an engine, which nobody but its user can make. */
export function clientOption<T>(takes: string, isClient: (client: Record<string, unknown>) => boolean): Option<T> {
  return {
    takes,
    fallback: () => {
      throw new OptionProblem();
    },
    read: (value) => {
      const isThing = (typeof value === 'object' && value !== null) || typeof value === 'function';
      if (!isThing || !isClient(value as Record<string, unknown>)) throw new OptionProblem();
      return value as T;
    },
  };
}

export function has(client: Record<string, unknown>, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof client[method] === 'function');
}

/** A name that every engine takes as part of a key. */
export function nameOption(fallback: string): Option<string> {
  return {
    takes: 'a name of up to 64 letters, digits, "_" and "-"',
    fallback: () => fallback,
    read: (value) => {
      if (typeof value !== 'string' || !/^[\w-]{1,64}$/.test(value)) throw new OptionProblem();
      return value;
    },
  };
}
