import { integerOption, type Option, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** What `@node-rs/argon2` gives; `argon2` does, too. */
export interface Argon2Library {
  hash(password: string, options: { memoryCost: number; timeCost: number; parallelism: number }): Promise<string>;
  verify(stored: string, password: string): Promise<boolean>;
}

export interface Argon2Options {
  /** Memory of one hashing. @default 19456 (19 MiB) */
  readonly memoryKiB?: number | undefined;
  /** @default 2 */
  readonly passes?: number | undefined;
  /** @default 1 */
  readonly parallelism?: number | undefined;
}

const TABLE: { readonly memoryKiB: Option<number>; readonly passes: Option<number>; readonly parallelism: Option<number> } = {
  memoryKiB: integerOption('KiB', { min: 1_024, max: 1_048_576 }, () => 19_456),
  passes: integerOption('a whole number', { min: 1, max: 64 }, () => 2),
  parallelism: integerOption('a whole number', { min: 1, max: 16 }, () => 1),
};

/**
 * Argon2id (RFC 9106) by a library of the app, with OWASP's parameters: harder on who tries passwords than scrypt is, at the same cost.
 *
 * @example
 * import * as argon2 from '@node-rs/argon2';
 * const passwords = createPasswords({ hasher: argon2id(argon2) });
 *
 * @throws HTTP_OPTION_INVALID
 */
export function argon2id(library: Argon2Library, given?: Argon2Options): PasswordHasher {
  if (typeof library?.hash !== 'function' || typeof library.verify !== 'function')
    throw optionInvalid(`argon2id() takes the library first: import * as argon2 from '@node-rs/argon2'; argon2id(argon2).`);
  const { memoryKiB, passes, parallelism } = resolveOptions('argon2id()', TABLE, given, optionInvalid);
  const current = `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$`;
  return Object.freeze({
    recognizes: (stored: string) => stored.startsWith('$argon2'),
    hash: (password: string) => library.hash(password, { memoryCost: memoryKiB, timeCost: passes, parallelism }),
    verify: (password: string, stored: string) => library.verify(stored, password),
    isCurrent: (stored: string) => stored.startsWith(current),
  });
}
