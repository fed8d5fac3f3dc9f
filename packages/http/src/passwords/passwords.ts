import { consoleLog, integerOption, type Log, type Option, OptionProblem, printable, resolveOptions } from '@express-micro/core';
import { ValidationError } from '../app-errors.ts';
import { optionInvalid } from '../errors.ts';
import { logOption } from '../log-option.ts';
import type { PasswordHasher, PasswordVerifier } from './password-hasher.ts';
import { scrypt } from './scrypt.ts';
import { createTurns } from './turns.ts';

export interface PasswordOptions {
  /** What hashes are made with: `scrypt({ … })`, `argon2id(library, { … })`. @default scrypt() */
  readonly hasher?: PasswordHasher | undefined;
  /** What made hashes that are there already, and makes none any more. Passwords are hashed anew when they are next given. @default [] */
  readonly former?: readonly PasswordVerifier[] | undefined;
  /** Characters that a new password has at least. @default 8 */
  readonly minLength?: number | undefined;
  /** Bytes that a password has at most; longer ones are wrong without being looked at. @default 1024 */
  readonly maxBytes?: number | undefined;
  /** Hashings at once, each with the memory of the hasher and a thread of the four that Node shares with files and names. @default 2 */
  readonly maxAtOnce?: number | undefined;
  /** Hashings that may wait for their turn; the next are answered 503. Raising it lets logins wait longer. @default 64 */
  readonly maxWaiting?: number | undefined;
  /** @default standard error; `false`: silence */
  readonly log?: Log | false | undefined;
}

interface ResolvedPasswords {
  readonly hasher: PasswordHasher;
  readonly former: readonly PasswordVerifier[];
  readonly minLength: number;
  readonly maxBytes: number;
  readonly maxAtOnce: number;
  readonly maxWaiting: number;
  readonly log: Log;
}

const TABLE: { readonly [K in keyof ResolvedPasswords]: Option<ResolvedPasswords[K]> } = {
  hasher: {
    takes: 'scrypt(…), argon2id(…) or something with recognizes, verify, hash and isCurrent',
    fallback: () => scrypt(),
    read: (value) => {
      if (!isHasher(value)) throw new OptionProblem();
      return value;
    },
  },
  former: {
    takes: 'a list of what has recognizes and verify',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value) || !value.every(isVerifier)) throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
  minLength: integerOption('characters', { min: 1, max: 128 }, () => 8),
  maxBytes: integerOption('bytes', { min: 64, max: 4_096 }, () => 1_024),
  maxAtOnce: integerOption('a whole number', { min: 1, max: 128 }, () => 2),
  maxWaiting: integerOption('a whole number', { min: 0, max: 10_000 }, () => 64),
  log: logOption(consoleLog),
};

export interface Passwords {
  /** What to store. Rejects with a `ValidationError` for what is too short or too long, and with 503 when too many wait. */
  hash(password: string): Promise<string>;
  /**
   * Whether it is the password of which `stored` was made. Give `undefined` where there is no such user, or none with a password: that
   * is wrong, and costs the same work, so that time does not tell who exists.
   */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Whether to store a new hash, now that the password is at hand. */
  needsRehash(stored: string): boolean;
}

/**
 * Passwords are compared as Unicode's NFKC: the same characters count, however a keyboard put them together. Upper and lower case and
 * spaces count. @throws HTTP_OPTION_INVALID
 */
export function createPasswords(given?: PasswordOptions): Passwords {
  const { hasher, former, minLength, maxBytes, maxAtOnce, maxWaiting, log } = resolveOptions(
    'createPasswords()',
    TABLE,
    given,
    optionInvalid,
  );
  const inTurn = createTurns(maxAtOnce, maxWaiting);
  const verifiers = [hasher, ...former];
  let saidUnreadable = false;

  /** `undefined` for what is longer than a password can be: a megabyte is not even normalized. */
  function normalized(password: unknown): string | undefined {
    if (typeof password !== 'string' || password.length > maxBytes) return undefined;
    const text = password.normalize('NFKC');
    return Buffer.byteLength(text) > maxBytes ? undefined : text;
  }

  function unreadable(problem: string): void {
    if (saidUnreadable) return;
    saidUnreadable = true;
    log.warn(
      `a stored password hash cannot be used, so that its user cannot log in: ${printable(problem)}. Give what made it as "former" of createPasswords().`,
    );
  }

  return Object.freeze({
    async hash(password: string) {
      const text = normalized(password);
      if (text === undefined) throw unfit(`It must be a text of at most ${maxBytes} bytes`);
      if ([...text].length < minLength) throw unfit(`It must have at least ${minLength} characters`);
      return inTurn(() => hasher.hash(text));
    },

    async verify(password: string, stored: string | undefined) {
      const text = normalized(password);
      // For users and strangers alike.
      if (text === undefined) return false;
      const verifier = typeof stored === 'string' ? verifiers.find((each) => each.recognizes(stored)) : undefined;
      if (stored !== undefined && verifier === undefined) unreadable('nothing recognizes it');
      return inTurn(async () => {
        if (stored === undefined || verifier === undefined) {
          // One hashing, as for somebody who is there.
          await hasher.hash(text);
          return false;
        }
        try {
          return (await verifier.verify(text, stored)) === true;
        } catch (error) {
          unreadable(String((error as Error)?.message));
          return false;
        }
      });
    },

    needsRehash: (stored: string) => !(hasher.recognizes(stored) && hasher.isCurrent(stored)),
  });
}

function unfit(message: string): ValidationError {
  return new ValidationError('The password cannot be taken', [{ field: 'password', message }]);
}

function isVerifier(value: unknown): value is PasswordVerifier {
  const { recognizes, verify } = Object(value) as Partial<PasswordVerifier>;
  return typeof recognizes === 'function' && typeof verify === 'function';
}

function isHasher(value: unknown): value is PasswordHasher {
  const { hash, isCurrent } = Object(value) as Partial<PasswordHasher>;
  return isVerifier(value) && typeof hash === 'function' && typeof isCurrent === 'function';
}
