export interface HeartbeatOptions {
  readonly ping: () => void;
  /** Bytes wait to be sent. */
  readonly isWriting: () => boolean;
  readonly writtenBytes: () => number;
  readonly end: () => void;
}

/**
 * Finds connections whose other side is gone without a word: after one silent interval it asks, after a second one it ends.
 * A peer that takes in nothing is as good as gone.
 */
export class Heartbeat {
  isHeard = true;
  private readonly options: HeartbeatOptions;
  private isAsked = false;
  private stalledAt = -1;

  constructor(options: HeartbeatOptions) {
    this.options = options;
  }

  /** Once an interval. */
  tick(): void {
    const { ping, isWriting, writtenBytes, end } = this.options;
    const sent = isWriting() ? writtenBytes() : -1;
    const isStalled = sent >= 0 && sent === this.stalledAt;
    this.stalledAt = sent;
    if (this.isHeard && !isStalled) {
      this.isHeard = false;
      this.isAsked = false;
    } else if (this.isAsked || isStalled) end();
    else {
      this.isAsked = true;
      ping();
    }
  }
}
