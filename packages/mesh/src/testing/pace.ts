import { type Clock, systemClock, type Timer } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { VirtualTime } from './virtual-time.ts';

/** Taken before a test framework puts something else in its place. */
const turn = setImmediate;

/** So many turns of the event loop without a move, and whatever was under way has come to rest. */
const CALM_TURNS = 3;
/** A handler that never rests must not keep time from passing. */
const MAX_TURNS = 200;
/** Rhythm in which time follows that of the world while somebody is at work. */
const FLOW_MS = 20;

/** The time of a test: it stands still while code runs, and costs nothing where all only wait for it. */
export interface TestClock {
  /** Milliseconds since the mesh was made. */
  readonly nowMs: number;
  /** Lets so much time pass: what is due meanwhile happens, in its order. */
  advance(ms: number): Promise<void>;
}

/**
 * Virtual time under code that is real. A test lets it pass (`advance`). By itself it passes while somebody waits: at once
 * where nobody is at work, so that a call with a time-out of 10 s fails without delay; and as it does everywhere while
 * somebody is, so that a handler that reads a file is not late, and one that hangs is.
 */
export class Pace implements TestClock {
  readonly clock: Clock;
  private readonly time = new VirtualTime();
  private readonly isAtWork: () => boolean;
  private waiting = 0;
  private moves = 0;
  private advancing = 0;
  private isLooking = false;
  private flow: Timer | undefined = undefined;

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
      while (this.time.step(endMs)) await this.afterStep();
      this.time.run(Math.max(0, endMs - this.time.nowMs));
      await this.rest();
    } finally {
      this.advancing -= 1;
      this.moved();
    }
  }

  /** Somebody waits for what `run` gives, which must come to an end in this time: for anything else time would pass for ever. */
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
    if (this.flow !== undefined && !(this.isFree && this.isAtWork())) {
      this.flow.stop();
      this.flow = undefined;
    }
    if (this.isLooking || !this.isFree) return;
    this.isLooking = true;
    void this.pass();
  }

  /** Resolves a turn of the event loop later. */
  turn(): Promise<void> {
    return new Promise((resolve) => void turn(resolve));
  }

  /** Whether time may pass by itself. */
  private get isFree(): boolean {
    return this.waiting > 0 && this.advancing === 0;
  }

  private async pass(): Promise<void> {
    await this.rest();
    while (this.isFree && !this.isAtWork() && this.time.step(Number.POSITIVE_INFINITY)) await this.afterStep();
    this.isLooking = false;
    if (this.isFree && this.isAtWork()) this.follow();
  }

  /** While somebody is at work, time passes as in the world outside. The process stays: whoever waits has a deadline. */
  private follow(): void {
    if (this.flow !== undefined) return;
    let lastMs = systemClock.monotonicMs();
    const onTick = (): void => {
      if (!this.isFree || !this.isAtWork()) {
        this.moved();
        return;
      }
      const passedMs = systemClock.monotonicMs() - lastMs;
      lastMs += passedMs;
      this.time.run(passedMs);
    };
    this.flow = systemClock.every(FLOW_MS, onTick, { keepsAlive: true });
  }

  /** Most timers only look at something: one turn tells whether this one set anything in motion. */
  private async afterStep(): Promise<void> {
    const { moves } = this;
    await this.turn();
    if (moves !== this.moves) await this.rest();
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
