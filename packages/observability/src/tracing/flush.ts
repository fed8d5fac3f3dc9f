type Flush = () => Promise<void>;

/** Known to both entries of this package, which share nothing else. */
const FLUSH: unique symbol = Symbol.for('express-micro.traces.flush') as never;
type Global = { [FLUSH]?: Flush };

/** Who started the SDK says how to send what is held. */
export function offerFlush(flush: Flush): void {
  (globalThis as Global)[FLUSH] = flush;
}

/** Sends the spans that are held, where we started the SDK: whoever brought another one ends it himself. */
export function flushTraces(): Promise<void> {
  return (globalThis as Global)[FLUSH]?.() ?? Promise.resolve();
}

/** Whether the SDK of this process is the one that we started. */
export function isOurSdk(): boolean {
  return (globalThis as Global)[FLUSH] !== undefined;
}
