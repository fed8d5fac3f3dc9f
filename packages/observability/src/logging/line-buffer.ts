// Hot path: every line that is written. Its bench: bench/log-line.mjs

import type { Clock, Timer } from '@express-micro/core';

/** Where lines end up. What is given has been written when `write`, or else `settle`, returns: a process that ends then has lost nothing. */
export interface Destination {
  write(lines: string): void;
  /** Called when the process ends, for one that has to wait for something now and then. */
  settle?(): void;
  close?(): Promise<void>;
}

/** Many lines in one write: a write of its own costs a line twice what all the rest of it does. */
const MAX_HELD = 16_384;

/**
 * Holds lines for a moment, so that many go in one write. Whole lines only: a destination may cut between two writes.
 *
 * What is held is lost when the process is killed (`kill -9`, the kernel's out-of-memory killer, a crash of V8 itself); every
 * other end flushes first.
 *
 * @param holdMs the longest time that a line is held; 0: each is written at once
 */
export class LineBuffer {
  private held = '';
  private timer: Timer | undefined;
  private isHurried = false;
  private readonly destination: Destination;
  private readonly clock: Clock;
  private holdMs: number;
  private readonly onFailure: (error: unknown, lines: string) => void;

  constructor(
    destination: Destination,
    { clock, holdMs, onFailure }: { clock: Clock; holdMs: number; onFailure: (error: unknown, lines: string) => void },
  ) {
    this.destination = destination;
    this.clock = clock;
    this.holdMs = holdMs;
    this.onFailure = onFailure;
  }

  write(line: string): void {
    this.held += line;
    if (this.holdMs === 0 || this.held.length >= MAX_HELD) this.flush();
    else this.timer ??= this.clock.after(this.holdMs, () => this.flush());
  }

  /** What is held has been written when this returns. */
  flush(): void {
    this.timer?.stop();
    this.timer = undefined;
    if (this.held === '') return;
    const lines = this.held;
    this.held = '';
    try {
      this.destination.write(lines);
      if (this.isHurried) this.destination.settle?.();
    } catch (error) {
      this.onFailure(error, lines);
    }
  }

  /** Each line is written at once from now on: the process is ending. */
  hurry(): void {
    this.holdMs = 0;
    this.isHurried = true;
    this.flush();
    try {
      this.destination.settle?.();
    } catch (error) {
      this.onFailure(error, '');
    }
  }
}
