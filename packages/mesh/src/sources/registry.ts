/** A record of this process, to stand for a while. */
export interface Lease {
  readonly id: string;
  readonly value: string;
  readonly ttlMs: number;
  /** It says something new: others who watch are told. A mere renewal is no news. */
  readonly isNews: boolean;
}

/**
 * An engine in which records stand as long as their owners renew them: all that a source needs of Redis, etcd, NATS or
 * PostgreSQL. Each method may reject or never settle; whoever calls it has limits of its own.
 */
export interface LeaseRegistry {
  /**
   * Makes what the engine must have (a table, a bucket) and begins to watch. Called first, and again after every failure,
   * when what was made before may be gone.
   * @param onHint something changed: a reason to list at once. Hints may be lost, doubled or late; the list is what counts
   */
  open(onHint: () => void): Promise<void>;
  /** Writes the record, or renews it. */
  put(lease: Lease): Promise<void>;
  /** The records whose lease has not ended by the engine's own clock, at most `max`. */
  list(max: number): Promise<readonly string[]>;
  /** Ends what `open` began. The client stays the user's. */
  close(): Promise<void>;
}
