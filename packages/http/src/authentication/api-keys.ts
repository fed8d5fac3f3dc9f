import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Clock,
  functionOption,
  type Option,
  OptionProblem,
  type Random,
  resolveOptions,
  systemClock,
  systemRandom,
} from '@express-micro/core';
import { UnauthorizedError } from '../app-errors.ts';
import { optionInvalid } from '../errors.ts';
import type { HttpRequest } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import { credentialsOf } from './credentials.ts';
import type { Way } from './way.ts';

/** What is kept of a key. */
export interface StoredApiKey {
  /** What `issue()` gave; the key itself is nowhere. */
  readonly hash: string;
  readonly roles?: readonly string[] | null | undefined;
  readonly permissions?: readonly string[] | null | undefined;
  /** Milliseconds since the epoch. @default it does not expire */
  readonly expiresAtMs?: number | null | undefined;
  /** Anything but what counts as no: some databases write 1. */
  readonly isDisabled?: boolean | number | null | undefined;
}

export interface ApiKeyOptions {
  /** Finds what is kept by the id in a key, which is 16 hexadecimal digits. */
  readonly find: (id: string) => StoredApiKey | undefined | Promise<StoredApiKey | undefined>;
  /** How keys begin, so that people and scanners see what they have found. @default 'key' */
  readonly prefix?: string | undefined;
}

/** Programs that call with a key of theirs; as a {@link Way}, in `X-API-Key` or as `Authorization: ApiKey …`. */
export interface ApiKeys extends Way {
  /** A new key: show `key` once, keep `hash` under `id`. */
  issue(): { readonly key: string; readonly id: string; readonly hash: string };
  identify(req: HttpRequest): Promise<Principal> | undefined;
}

const CHALLENGE = 'ApiKey';
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const MAX_LENGTH = 128;

const TABLE: { readonly find: Option<ApiKeyOptions['find'] | undefined>; readonly prefix: Option<string> } = {
  find: functionOption('a function that finds what is kept of a key by its id'),
  prefix: {
    takes: 'a text of 1 to 16 letters and digits that begins with a letter',
    fallback: () => 'key',
    read: (value) => {
      if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9]{0,15}$/.test(value)) throw new OptionProblem();
      return value;
    },
  },
};

/**
 * @example
 * const apiKeys = createApiKeys({ find: (id) => db.apiKeys.findById(id) });
 * app.get('/report', authenticate(apiKeys), authorize('reporter'), report);
 *
 * @throws HTTP_OPTION_INVALID
 */
export function createApiKeys(options: ApiKeyOptions): ApiKeys {
  return apiKeysWith(options, systemClock, systemRandom);
}

export function apiKeysWith(given: ApiKeyOptions, clock: Clock, random: Random): ApiKeys {
  const { find, prefix } = resolveOptions('createApiKeys()', TABLE, given, optionInvalid);
  if (find === undefined)
    throw optionInvalid('createApiKeys() needs "find", a function that finds what is kept of a key by its id.');
  const shape = new RegExp(`^${prefix}_([0-9a-f]{${2 * ID_BYTES}})_[\\w-]{43}$`);
  // Compared with where there is nothing to compare with, so that an id that is there takes no longer than one that is not.
  const nobody = random.bytes(SECRET_BYTES);

  async function check(key: string): Promise<Principal> {
    const id = key.length > MAX_LENGTH ? undefined : shape.exec(key)?.[1];
    if (id === undefined) throw refused('it has not the shape of a key');
    // Databases say null.
    const stored = (await find?.(id)) ?? undefined;
    const isRight = timingSafeEqual(digest(key), digestFrom(stored?.hash) ?? nobody);
    if (stored === undefined || !isRight)
      throw refused(stored === undefined ? 'there is none of that id' : 'the secret is another');
    if (stored.isDisabled) throw refused('it is disabled');
    const expiresAtMs = stored.expiresAtMs ?? undefined;
    if (expiresAtMs !== undefined && !(clock.epochMs() < expiresAtMs)) throw refused('it has expired');
    const [roles, permissions] = [stored.roles ?? [], stored.permissions ?? []];
    return Object.freeze({ kind: 'key', id, roles: Object.freeze([...roles]), permissions: Object.freeze([...permissions]) });
  }

  return Object.freeze({
    challenge: CHALLENGE,
    schemes: { apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } as const,
    identify(req: HttpRequest) {
      const header = req.headers['x-api-key'];
      const key = typeof header === 'string' ? header : credentialsOf(req, 'apikey');
      return key === undefined ? undefined : check(key);
    },
    issue() {
      const id = random.bytes(ID_BYTES).toString('hex');
      const key = `${prefix}_${id}_${random.bytes(SECRET_BYTES).toString('base64url')}`;
      return { key, id, hash: digest(key).toString('hex') };
    },
  });
}

/** Of 256 random bits: there is nothing to try out, so it need not be slow. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function digestFrom(hex: unknown): Buffer | undefined {
  return typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : undefined;
}

function refused(reason: string): UnauthorizedError {
  return new UnauthorizedError('Invalid API key', {
    code: 'INVALID_API_KEY',
    headers: { 'www-authenticate': CHALLENGE },
    cause: new Error(reason),
  });
}
