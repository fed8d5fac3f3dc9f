import type { Clock } from './clock.ts';
import type { Expiry } from './expiry.ts';

/**
 * How long a request that is being served is worth working on: until its caller's time is up, or the caller goes away.
 *
 * Nothing is watched before somebody asks: most requests are answered at once, and listeners cost more than that.
 */
export class Lifetime {
  /** Monotonic milliseconds at which nobody waits for the answer any more; `undefined` where the caller gave no time. */
  readonly endsAtMs: number | undefined;
  readonly #options: LifetimeOptions;
  #expiry: Expiry | undefined;
  #isWatched = false;
  #reason: Error | undefined;
  #listeners: Set<(reason: Error) => void> | undefined;
  #controller: AbortController | undefined;

  constructor(options: LifetimeOptions) {
    this.endsAtMs = options.endsAtMs;
    this.#options = options;
  }

  /** Why it is over, or `undefined` while it is not. */
  get reason(): Error | undefined {
    this.#watch();
    return this.#reason;
  }

  /** Milliseconds that are left, 0 when none are; `undefined` where the caller gave no time. */
  remainingMs(): number | undefined {
    return this.endsAtMs === undefined ? undefined : Math.max(0, this.endsAtMs - this.#options.clock.monotonicMs());
  }

  /** Calls `listener` when it is over, at once if it is. Answers how to stop listening. */
  listen(listener: (reason: Error) => void): () => void {
    this.#watch();
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** The same for whoever takes an `AbortSignal`: a database driver, `fetch`, a timer. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.listen((reason) => controller.abort(reason));
    }
    return this.#controller.signal;
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const { watch, expire } = this.#options;
    const remainingMs = this.remainingMs();
    if (remainingMs !== undefined) this.#expiry = expire(remainingMs, () => this.#end(this.#options.expired()));
    watch({ gone: (reason) => this.#end(reason), answered: () => this.#settle() });
  }

  /** Answered: whoever listens has nothing more to hear. */
  #settle(): void {
    this.#expiry?.stop();
    this.#listeners = undefined;
  }

  #end(reason: Error): void {
    if (this.#reason !== undefined) return;
    const listeners = this.#listeners;
    this.#reason = reason;
    this.#settle();
    for (const listener of listeners ?? []) listener(reason);
  }
}

export interface LifetimeOptions {
  readonly endsAtMs: number | undefined;
  readonly clock: Clock;
  /** Timers that many requests share: see `createExpiries`. */
  readonly expire: (delayMs: number, run: () => void) => Expiry;
  /** The error that stands for a time that is up. */
  readonly expired: () => Error;
  /** Called once, when somebody first asks: says `gone` when the caller goes away, `answered` when the answer is out. */
  readonly watch: (tell: { readonly gone: (reason: Error) => void; readonly answered: () => void }) => void;
}
