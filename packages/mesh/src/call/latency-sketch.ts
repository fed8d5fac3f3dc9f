/** Answers that are remembered. */
const KEPT = 128;
/** With fewer of them nothing is said. */
const LEAST = 20;
/** The percentile is worked out again after so many further ones. */
const FRESH = 16;

/** How long the latest answers of one function took: the last 128, and a percentile of them that is at most 16 answers old. */
export class LatencySketch {
  private readonly latencies: number[] = [];
  private at = 0;
  private since = 0;
  private value: number | undefined = undefined;

  add(latencyMs: number): void {
    this.latencies[this.at] = latencyMs;
    this.at = (this.at + 1) % KEPT;
    this.since += 1;
  }

  /** `undefined` while too little is known. @param percent 1 to 99 */
  percentile(percent: number): number | undefined {
    const { latencies } = this;
    if (latencies.length < LEAST) return undefined;
    if (this.value === undefined || this.since >= FRESH) {
      const sorted = [...latencies].sort((one, other) => one - other);
      this.value = sorted[Math.ceil((sorted.length * percent) / 100) - 1] as number;
      this.since = 0;
    }
    return this.value;
  }
}
