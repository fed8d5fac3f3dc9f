import type { LeaseRegistry } from './registry.ts';
import { registrySource } from './registry-source.ts';
import { registryTimes } from './registry-times.ts';
import type { SourceFactory } from './source.ts';
import { clientOption, has, nameOption, resolveSourceOptions } from './source-options.ts';

export type { SourceFactory } from './source.ts';

/** What is used of a `Kvm` of `@nats-io/kv`. */
export interface NatsKvm {
  create(bucket: string, options: { readonly history: number; readonly ttl: number }): Promise<NatsKv>;
}

interface NatsKv {
  put(key: string, value: string): Promise<number>;
  history(options: { readonly key: string }): Promise<NatsEntries>;
  watch(options: { readonly key: string; readonly include: 'updates' }): Promise<NatsEntries>;
}

type NatsEntries = AsyncIterable<NatsEntry> & { stop(): void };

interface NatsEntry {
  readonly key: string;
  readonly created: Date;
  string(): string;
}

export interface NatsSourceOptions {
  /** `new Kvm(connection)`, or the promise of one, so that the app starts also where NATS does not answer yet. It stays yours. */
  readonly client: NatsKvm | PromiseLike<NatsKvm>;
  /** The bucket that holds the records; it is made if it is not there. Two fleets in one account have two. @default 'express-micro' */
  readonly bucket?: string | undefined;
}

const CLIENT = clientOption<NatsKvm | PromiseLike<NatsKvm>>(
  'a Kvm of @nats-io/kv, or the promise of one: new Kvm(connection)',
  (client) => has(client, 'create') || has(client, 'then'),
);

/** Records of the dead are swept by the bucket itself; no lease is that long unless `pingInterval` is. */
const SWEEP_MS = 600_000;
/** Written with every change, so that watching costs nothing while there is none. */
const NEWS = 'news';

/**
 * Finds the others in a key-value bucket of NATS 2.9 or later with JetStream: `expressMicro(app, { source: natsSource({ client }) })`.
 *
 * @throws MESH_OPTION_INVALID
 */
export function natsSource(options: NatsSourceOptions): SourceFactory {
  const { client, bucket } = resolveSourceOptions(
    'natsSource()',
    { client: CLIENT, bucket: nameOption('express-micro') },
    options,
  );
  // Until the app listens nobody waits for it, and a promise that fails before that must not end the process.
  Promise.resolve(client).catch(() => {});
  return registrySource('NATS', ({ pingIntervalMs }) =>
    createNatsRegistry(client, bucket, Math.max(SWEEP_MS, 4 * registryTimes(pingIntervalMs).leaseMs)),
  );
}

function createNatsRegistry(client: NatsSourceOptions['client'], bucket: string, sweepMs: number): LeaseRegistry {
  let kv: NatsKv | undefined;
  let watch: NatsEntries | undefined;
  let listing: NatsEntries | undefined;
  let isClosed = false;

  const opened = (): NatsKv => {
    if (kv === undefined) throw new Error('the bucket is not open');
    return kv;
  };

  async function follow(entries: NatsEntries, onHint: () => void): Promise<void> {
    for await (const _ of entries) onHint();
  }

  return {
    async open(onHint) {
      const manager = await client;
      kv = await manager.create(bucket, { history: 1, ttl: sweepMs });
      const opened = await kv.watch({ key: NEWS, include: 'updates' });
      // It may come late, when somebody else was opened, or nobody wants it any more.
      watch?.stop();
      if (isClosed) opened.stop();
      else watch = opened;
      // Hints that end with their connection are begun anew with the next `open`.
      follow(opened, onHint).catch(() => {});
    },

    async put({ id, value, ttlMs, isNews }) {
      await opened().put(leaseKey(id, ttlMs), value);
      if (isNews) await opened().put(NEWS, id);
    },

    async list(max) {
      // One that never ended, because the connection did.
      listing?.stop();
      listing = await opened().history({ key: 'lease.>' });
      const entries: NatsEntry[] = [];
      for await (const entry of listing) {
        entries.push(entry);
        if (entries.length >= max) break;
      }
      return standing(entries);
    },

    async close() {
      isClosed = true;
      watch?.stop();
      listing?.stop();
    },
  };
}

/** The length of the lease stands in the key: the bucket has one for all, and each process has its own. */
function leaseKey(id: string, ttlMs: number): string {
  return `lease.${ttlMs}.${id}`;
}

/**
 * Whose lease stands by the clock of NATS: who lists has just renewed, so the newest entry tells what time it is there.
 */
function standing(entries: readonly NatsEntry[]): string[] {
  const nowMs = Math.max(...entries.map(({ created }) => created.getTime()));
  return entries.flatMap((entry) => {
    const ttlMs = Number(/^lease\.(\d{1,8})\./.exec(entry.key)?.[1] ?? 0);
    return nowMs - entry.created.getTime() < ttlMs ? [entry.string()] : [];
  });
}
