import { scrypt as derive, timingSafeEqual } from 'node:crypto';
import { integerOption, type Option, resolveOptions, systemRandom } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** Cost grows with each, for us as for who tries passwords on a stolen table. */
export interface ScryptOptions {
  /** The cost is 2 to this power, and memory `128 × 2^logCost × blockSize` bytes. One more doubles time and memory. @default 15 */
  readonly logCost?: number | undefined;
  /** @default 8 */
  readonly blockSize?: number | undefined;
  /** How often it is done; one more adds as much time and no memory. @default 3 */
  readonly parallelism?: number | undefined;
}

interface Parameters {
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelism: number;
}

const TABLE: { readonly [K in keyof Parameters]: Option<number> } = {
  logCost: integerOption('a whole number', { min: 1, max: 20 }, () => 15),
  blockSize: integerOption('a whole number', { min: 1, max: 32 }, () => 8),
  parallelism: integerOption('a whole number', { min: 1, max: 16 }, () => 3),
};

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What a stored text may ask for: somebody who can write one row must not be able to take the memory of the process. */
const MAX_MEMORY_BYTES = 268_435_456;
const STORED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/;

/** scrypt of Node itself (RFC 7914), by default with 32 MiB and three rounds, as OWASP has it. @throws HTTP_OPTION_INVALID */
export function scrypt(given?: ScryptOptions): PasswordHasher {
  const usual = resolveOptions('scrypt()', TABLE, given, optionInvalid);
  if (memoryOf(usual) > MAX_MEMORY_BYTES)
    throw optionInvalid(
      `scrypt() with these options takes ${memoryOf(usual)} bytes a password; ${MAX_MEMORY_BYTES} are allowed. Lower "logCost".`,
    );
  const recognizes = (stored: string) => stored.startsWith('$scrypt$');

  return Object.freeze({
    recognizes,
    async hash(password: string) {
      const salt = systemRandom.bytes(SALT_BYTES);
      const { logCost, blockSize, parallelism } = usual;
      const hash = await derived(password, salt, HASH_BYTES, usual);
      return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
    },
    async verify(password: string, stored: string) {
      const read = readStored(stored);
      if (read === undefined) throw new Error('the stored hash cannot be read');
      return timingSafeEqual(await derived(password, read.salt, read.hash.length, read), read.hash);
    },
    isCurrent(stored: string) {
      const read = readStored(stored);
      return (
        read !== undefined &&
        read.logCost === usual.logCost &&
        read.blockSize === usual.blockSize &&
        read.parallelism === usual.parallelism &&
        read.hash.length === HASH_BYTES
      );
    },
  });
}

function readStored(stored: string): (Parameters & { readonly salt: Buffer; readonly hash: Buffer }) | undefined {
  const [, ln, r, p, salt, hash] = STORED.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const parameters = { logCost: Number(ln), blockSize: Number(r), parallelism: Number(p) };
  const isSane =
    parameters.logCost >= 1 && parameters.blockSize >= 1 && parameters.parallelism >= 1 && parameters.parallelism <= 16;
  if (!isSane || memoryOf(parameters) > MAX_MEMORY_BYTES) return undefined;
  return { ...parameters, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

function derived(password: string, salt: Buffer, bytes: number, parameters: Parameters): Promise<Buffer> {
  const { logCost, blockSize, parallelism } = parameters;
  // Node's own limit is 32 MiB, and it counts a little more than the table.
  const options = { N: 2 ** logCost, r: blockSize, p: parallelism, maxmem: 2 * memoryOf(parameters) + 1_048_576 };
  return new Promise((resolve, reject) => {
    derive(password, salt, bytes, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

function memoryOf({ logCost, blockSize }: Parameters): number {
  return 128 * 2 ** logCost * blockSize;
}

/** PHC strings have base64 without its padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
