import { type Clock, type Log, parseUntrustedJson, printable } from '@express-micro/core';
import { algorithmsOf, fingerprintOf, isWeakRsa, publicPartOf, readKey, type VerifyingKey } from './key-kinds.ts';
import { choose, type KeySource } from './key-source.ts';
import { unavailable } from './refusals.ts';

export interface RemoteKeyTimes {
  readonly maxAgeMs: number;
  readonly staleMs: number;
  readonly cooldownMs: number;
  readonly timeoutMs: number;
}

export interface RemoteKeySurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: (url: string, options: { readonly signal: AbortSignal; readonly redirect: 'error' }) => Promise<Response>;
}

const MAX_BYTES = 262_144;
const MAX_KEYS = 100;
/** After a first failure without any keys; doubled with each, up to `cooldownMs`. */
const FIRST_PAUSE_MS = 1_000;

/**
 * Keys that somebody else publishes as a JWK Set (RFC 7517, 5) and changes when they like.
 *
 * Asked again when they are old, beside the requests that go on with the old ones, and when a token names a key that is not among
 * them. Between two times of asking lies `cooldownMs`, however many such tokens come and whatever the answer was: strangers cannot
 * make us a flood. When nobody answers the old ones serve for `staleMs` more, and then none does. While none does, a moment's failure
 * must not cost a whole `cooldownMs`: the pauses begin with a second, and double.
 */
export function remoteKeys(
  url: string,
  algorithms: readonly string[] | undefined,
  { maxAgeMs, staleMs, cooldownMs, timeoutMs }: RemoteKeyTimes,
  { clock, log, fetch }: RemoteKeySurroundings,
): KeySource {
  let keys: readonly VerifyingKey[] = [];
  let generation = 0;
  let fetchedAtMs: number | undefined;
  let askedAtMs: number | undefined;
  let flight: Promise<void> | undefined;
  let problem: unknown;
  let failures = 0;

  const ageMs = () => (fetchedAtMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - fetchedAtMs);
  const hasNone = () => ageMs() > maxAgeMs + staleMs;
  const pauseMs = () => (hasNone() ? Math.min(cooldownMs, FIRST_PAUSE_MS * 2 ** (failures - 1)) : cooldownMs);
  const untilAskMs = () => (askedAtMs === undefined ? 0 : Math.max(0, askedAtMs + pauseMs() - clock.monotonicMs()));
  const mayAsk = () => untilAskMs() === 0;

  /** Never rejects: what went wrong is in `problem`. */
  function ask(): Promise<void> {
    if (flight !== undefined) return flight;
    if (!mayAsk()) return Promise.resolve();
    askedAtMs = clock.monotonicMs();
    flight = load().then(
      (found) => {
        if (!isSame(keys, found)) generation += 1;
        keys = found;
        fetchedAtMs = clock.monotonicMs();
        if (problem !== undefined) log.info(`the keys at ${url} can be had again`);
        problem = undefined;
        failures = 0;
      },
      (error: unknown) => {
        if (problem === undefined) log.warn(`the keys at ${url} cannot be had: ${printable(String(error), 300)}`);
        problem = error;
        failures += 1;
      },
    );
    void flight.then(() => {
      flight = undefined;
    });
    return flight;
  }

  async function load(): Promise<readonly VerifyingKey[]> {
    const controller = new AbortController();
    const timer = clock.after(timeoutMs, () => controller.abort(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      // To where a redirect leads nobody has agreed.
      const answer = await fetch(url, { signal: controller.signal, redirect: 'error' });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        throw new Error(`the answer was ${answer.status}`);
      }
      return readSet(await textOf(answer));
    } finally {
      timer.stop();
    }
  }

  function readSet(text: string): readonly VerifyingKey[] {
    const set = parseUntrustedJson(text) as { keys?: unknown } | null;
    if (!Array.isArray(set?.keys)) throw new Error('the answer is no JWK Set');
    const usable = set.keys.slice(0, MAX_KEYS).flatMap((jwk) => usableKey(jwk, algorithms) ?? []);
    if (usable.length === 0) throw new Error('none of its keys can be used');
    return usable;
  }

  return {
    signing: undefined,
    generation() {
      if (hasNone()) return undefined;
      // The request goes on with what is known.
      if (ageMs() > maxAgeMs) void ask();
      return generation;
    },
    async find(algorithm, kid) {
      if (hasNone()) {
        await ask();
        if (hasNone()) throw unavailable('Authentication is not possible now', Math.ceil(untilAskMs() / 1_000) || 1, problem);
      } else if (ageMs() > maxAgeMs) void ask();
      const known = choose(keys, algorithm, kid);
      if (known.length > 0 || (!mayAsk() && flight === undefined)) return known;
      await ask();
      return choose(keys, algorithm, kid);
    },
    published: () => [],
  };
}

/** A set may hold keys for other purposes, or of kinds that are newer than we are: those are passed over. */
function usableKey(jwk: unknown, allowed: readonly string[] | undefined): VerifyingKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  try {
    const { key, kid, algorithm } = readKey(jwk as Record<string, unknown>);
    // A secret that is published is none, and would let everybody sign.
    if (key.type === 'secret' || isWeakRsa(key)) return undefined;
    const algorithms = algorithmsOf(key).filter(
      (each) => (algorithm === undefined || each === algorithm) && (allowed === undefined || allowed.includes(each)),
    );
    if (algorithms.length === 0) return undefined;
    return { kid: kid ?? fingerprintOf(key), algorithms, key: publicPartOf(key) };
  } catch {
    return undefined;
  }
}

function isSame(before: readonly VerifyingKey[], after: readonly VerifyingKey[]): boolean {
  const texts = (keys: readonly VerifyingKey[]) =>
    keys.map(({ kid, algorithms, key }) => `${kid} ${algorithms} ${fingerprintOf(key)}`).sort();
  return texts(before).join('\n') === texts(after).join('\n');
}

async function textOf(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the answer is more than ${MAX_BYTES} bytes long`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
