import type { Timer } from '@express-micro/core';

interface Due {
  readonly atMs: number;
  /** Of two at the same time the one that was asked for first comes first: without that a seed would not replay a run. */
  readonly order: number;
  readonly run: () => void;
  isStopped: boolean;
}

/** Time that passes only when somebody lets it: from one thing that is due to the next, at no cost between. */
export class VirtualTime {
  nowMs: number = 0;
  /** What happened so far. */
  events: number = 0;
  /** A binary heap, the next one first. */
  private readonly heap: Due[] = [];
  private order = 0;

  after(delayMs: number, run: () => void): Timer {
    this.order += 1;
    const due: Due = { atMs: this.nowMs + Math.max(0, delayMs), order: this.order, run, isStopped: false };
    this.push(due);
    return {
      stop() {
        due.isStopped = true;
      },
    };
  }

  /** Lets the next thing happen that is due until then; answers whether there was one. */
  step(endMs: number): boolean {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > endMs) return false;
      this.pop();
      if (next.isStopped) continue;
      this.nowMs = next.atMs;
      this.events += 1;
      next.run();
      return true;
    }
  }

  /** Lets time pass until it is so, looking after each event; answers whether it came to be so. */
  run(durationMs: number, isSo: () => boolean = () => false): boolean {
    const endMs = this.nowMs + durationMs;
    while (this.step(endMs)) if (isSo()) return true;
    this.nowMs = endMs;
    return isSo();
  }

  private push(due: Due): void {
    const { heap } = this;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
