import type { Clock, Timer } from '@express-micro/core';
import type { Participant } from '../membership/participant.ts';
import type { VirtualTime } from './virtual-time.ts';

/** `stopped`: paused as by SIGSTOP. `crashed`: its port refuses. `vanished`: its host is gone, nothing answers. `ended`: it left. */
export type Condition = 'running' | 'stopped' | 'crashed' | 'vanished' | 'ended';

/** A process of the simulation: a participant, a clock of its own, and what waits while it is stopped. */
export class SimProcess {
  readonly name: string;
  readonly id: string;
  readonly url: string;
  readonly clock: Clock;
  participant!: Participant;
  condition: Condition = 'running';
  /** Questions of its own that are not answered yet. */
  openQuestions: number = 0;
  /** By how much its wall clock was set wrong. */
  wallOffsetMs: number = 0;
  /** When it last spoke with whom: a connection is open for a while. */
  readonly spokenAtMs: Map<SimProcess, number> = new Map();
  private readonly lateTimers: (() => void)[] = [];
  private readonly unread: (() => void)[] = [];

  constructor(name: string, id: string, url: string, time: VirtualTime, afterTurn: (process: SimProcess) => void) {
    this.name = name;
    this.id = id;
    this.url = url;
    this.afterTurn = afterTurn;
    this.clock = this.createClock(time);
  }

  private readonly afterTurn: (process: SimProcess) => void;

  get isUp(): boolean {
    return this.condition === 'running' || this.condition === 'stopped';
  }

  /** Something happens in this process: now, after it goes on, or never. */
  turn(run: () => void, waiting: (() => void)[] = this.unread): void {
    if (this.condition === 'stopped') waiting.push(run);
    else if (this.condition === 'running') {
      run();
      this.afterTurn(this);
    }
  }

  /** Goes on after a stop: timers that are due come first, as in an event loop, and only then what lies in the sockets. */
  resume(): void {
    if (this.condition !== 'stopped') return;
    this.condition = 'running';
    for (const run of [...this.lateTimers.splice(0), ...this.unread.splice(0)]) this.turn(run);
  }

  private createClock(time: VirtualTime): Clock {
    // Every process has its own zero: whoever compares times of two of them is found out.
    const zeroMs = (Number.parseInt(this.id.slice(-6), 16) % 1_000_000) + 1;
    const after = (delayMs: number, run: () => void): Timer => {
      let isStopped = false;
      const timer = time.after(delayMs, () =>
        this.turn(() => {
          if (!isStopped) run();
        }, this.lateTimers),
      );
      return {
        stop() {
          isStopped = true;
          timer.stop();
        },
      };
    };
    return {
      monotonicMs: () => zeroMs + time.nowMs,
      epochMs: () => 1_700_000_000_000 + time.nowMs + this.wallOffsetMs,
      after,
      every(intervalMs, run) {
        let timer = after(intervalMs, again);
        function again(): void {
          timer = after(intervalMs, again);
          run();
        }
        return { stop: () => timer.stop() };
      },
    };
  }
}
