import type { Clock, Timer } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { VirtualTime } from './virtual-time.ts';

/** Taken before a test framework puts something else in its place. */
const turn = setImmediate;

/** So many turns of the event loop without a move, and whatever was under way has come to rest. */
const CALM_TURNS = 3;
/** A handler that never rests must not keep time from passing. */
const MAX_TURNS = 200;

/** The time of a test: it stands still while code runs, and costs nothing where all only wait for it. */
export interface TestClock {
  /** Milliseconds since the mesh was made. */
  readonly nowMs: number;
  /** Lets so much time pass: what is due meanwhile happens, in its order. */
  advance(ms: number): Promise<void>;
}

/**
 * Virtual time under code that is real. It passes in two ways: when a test says so (`advance`), and by itself while somebody
 * waits and nobody is at work, so that a call with a time-out of 10 s fails at once and a handler that reads a file is
 * never late.
 */
export class Pace implements TestClock {
  readonly clock: Clock;
  private readonly time = new VirtualTime();
  private readonly isAtWork: () => boolean;
  private waiting = 0;
  private moves = 0;
  private advancing = 0;
  private isLooking = false;

  /** @param startMs what a wall clock shows at the beginning @param isAtWork whether code runs that no virtual time may pass by */
  constructor(startMs: number, isAtWork: () => boolean) {
    this.isAtWork = isAtWork;
    const { time } = this;
    this.clock = Object.freeze({
      monotonicMs: () => time.nowMs,
      epochMs: () => startMs + time.nowMs,
      after: (delayMs: number, run: () => void) => time.after(delayMs, run),
      every(intervalMs: number, run: () => void): Timer {
        const again = (): void => {
          timer = time.after(Math.max(1, intervalMs), again);
          run();
        };
        let timer = time.after(Math.max(1, intervalMs), again);
        return { stop: () => timer.stop() };
      },
    });
  }

  get nowMs(): number {
    return this.time.nowMs;
  }

  async advance(ms: number): Promise<void> {
    if (typeof ms !== 'number' || !(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw meshError('MESH_OPTION_INVALID', `advance() got ${String(ms)}; it takes milliseconds, 0 or more.`);
    this.advancing += 1;
    try {
      const endMs = this.time.nowMs + ms;
      await this.rest();
      while (this.time.step(endMs)) await this.rest();
      this.time.run(Math.max(0, endMs - this.time.nowMs));
      await this.rest();
    } finally {
      this.advancing -= 1;
      this.moved();
    }
  }

  /** Somebody waits for what `run` gives: time passes meanwhile, as far as nobody is at work. */
  async whileWaiting<T>(run: () => Promise<T>): Promise<T> {
    this.waiting += 1;
    this.moved();
    try {
      return await run();
    } finally {
      this.waiting -= 1;
      this.moved();
    }
  }

  /** Something happened: look again whether all have come to rest. */
  moved(): void {
    this.moves += 1;
    if (this.isLooking || this.waiting === 0 || this.advancing > 0) return;
    this.isLooking = true;
    void this.look();
  }

  /** Resolves a turn of the event loop later. */
  turn(): Promise<void> {
    return new Promise((resolve) => void turn(resolve));
  }

  private async look(): Promise<void> {
    await this.rest();
    this.isLooking = false;
    if (this.waiting === 0 || this.advancing > 0 || this.isAtWork()) return;
    if (this.time.step(Number.POSITIVE_INFINITY)) this.moved();
  }

  private async rest(): Promise<void> {
    let calm = 0;
    for (let turns = 0; calm < CALM_TURNS && turns < MAX_TURNS; turns += 1) {
      const { moves } = this;
      await this.turn();
      calm = moves === this.moves ? calm + 1 : 0;
    }
  }
}
