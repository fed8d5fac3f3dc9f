import fc from 'fast-check';

/** What reads bytes that somebody else wrote, with what must hold whatever they are. */
export interface Parser {
  /** As the threat model calls it. */
  readonly name: string;
  readonly property: fc.IRawProperty<unknown, boolean>;
}

/** Processor time that one input may take: a long one that is read once takes a tenth of it, on any machine. */
const MAX_CPU_MS = 250;
/** Node tells the time of the process alone: that of other threads is in it, and what a collector does. What is slow is slow each time. */
const MAX_TRIES = 3;

/** An input of a hundred kilobytes helps nobody: its beginning does, and how to have it again. */
const MAX_SHOWN = 2_000;

/** What did not hold, with the smallest input that shows it; `undefined` where all did. */
export function failureOf(details: fc.RunDetails<unknown>): string | undefined {
  if (!details.failed) return undefined;
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const input = fc.stringify(counterexample);
  const shown = input.length > MAX_SHOWN ? `${input.slice(0, MAX_SHOWN)}… (${input.length} characters)` : input;
  const { message } = errorInstance as Error;
  return `${message.slice(0, MAX_SHOWN)}\nwith ${shown}\nseed ${seed}, path ${counterexamplePath}`;
}

export function parser<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => void): Parser {
  const property = fc.property(input, (value) => {
    for (let tries = 1; ; tries++) {
      const before = process.cpuUsage();
      check(value);
      if (isOver(before, tries)) return;
    }
  });
  return { name, property };
}

/** For what reads in more than one turn. */
export function asyncParser<T>(name: string, input: fc.Arbitrary<T>, check: (input: T) => Promise<void>): Parser {
  const property = fc.asyncProperty(input, async (value) => {
    for (let tries = 1; ; tries++) {
      const before = process.cpuUsage();
      await check(value);
      if (isOver(before, tries)) return;
    }
  });
  return { name, property };
}

/** Whether it was quick enough; and what must hold of each input, whatever it is. */
function isOver(before: NodeJS.CpuUsage, tries: number): boolean {
  const { user, system } = process.cpuUsage(before);
  const tookMs = (user + system) / 1_000;
  isSo(Object.keys(Object.getPrototypeOf({})).length === 0, 'it reached a prototype');
  if (tookMs < MAX_CPU_MS) return true;
  isSo(tries < MAX_TRIES, `it took ${tookMs} ms, and so each of ${MAX_TRIES} times`);
  return false;
}

export function isSo(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export function same(one: unknown, other: unknown, what: string): void {
  isSo(JSON.stringify(one) === JSON.stringify(other), `${what}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`);
}

/** @returns what it gives, or `undefined` where it refuses as it may */
export function orRefused<T>(read: () => T, mayThrow: (error: unknown) => boolean): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!mayThrow(error)) throw error;
    return undefined;
  }
}

/** Texts that mean something to some parser. */
// biome-ignore format: one a line says no more
const LOADED = [
  '__proto__', 'constructor', 'prototype', 'then', '\0', '\r\n', '\n', '"', '\\', '%', '%2e', '..', '//', ';', ',', ':', '=',
  '\u2028', '\ud800', 'é', '٣', '-', '-0', '1e9', 'NaN', '0x10', ' ', '\t', '{', '[', 'URI:', '*', '?', '#', '@', '::ffff:', '🜚',
];
const text = (maxLength = 200) =>
  fc
    .array(fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...LOADED)), {
      maxLength: 12,
    })
    .map((parts) => parts.join('').slice(0, maxLength));

export interface Change {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
  readonly times: number;
}
export const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10_000),
  cut: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(400)),
  put: fc.oneof(fc.constant(''), fc.string({ maxLength: 4 }), fc.constantFrom(...LOADED)),
  times: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(2_000) }),
});
export const changed = (valid: string, changes: readonly Change[]) =>
  changes.reduce((now, { at, cut, put, times }) => {
    const place = at % (now.length + 1);
    return now.slice(0, place) + put.repeat(times) + now.slice(place + cut);
  }, valid);

/** What is right, a little changed; or made up. */
export const near = (...valid: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 4 }))
        .map(([one, changes]) => changed(one, changes)),
    },
    { weight: 1, arbitrary: text() },
  );

/** The same for bytes. */
export const nearBytes = (valid: Buffer): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc
      .array(fc.record({ at: fc.nat(1e6), cut: fc.nat(8), put: fc.uint8Array({ maxLength: 8 }) }), { maxLength: 4 })
      .map((changes) =>
        changes.reduce((now, { at, cut, put }) => {
          const place = at % (now.length + 1);
          return Buffer.concat([now.subarray(0, place), put, now.subarray(place + cut)]);
        }, valid),
      ),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  );

/** JSON in which fields of a valid value are exchanged for anything. */
export const nearJson = (valid: object): fc.Arbitrary<unknown> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: near(JSON.stringify(valid)).map((json) =>
        orRefused(
          () => JSON.parse(json),
          () => true,
        ),
      ),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...Object.keys(valid)), fc.jsonValue())
        .map(([name, value]) => ({ ...valid, [name]: value })),
    },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
