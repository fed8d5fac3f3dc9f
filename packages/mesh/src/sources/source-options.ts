import { type Option, OptionProblem, type OptionTable, type Resolved, resolveOptions } from '@express-micro/core';
import { meshError } from '../errors.ts';

/** @param owner the function whose options these are, for messages: `redisSource()` @throws MESH_OPTION_INVALID */
export function resolveSourceOptions<T extends OptionTable>(owner: string, table: T, given: unknown): Resolved<T> {
  return resolveOptions(owner, table, given, (message, details) => meshError('MESH_OPTION_INVALID', message, { details }));
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
