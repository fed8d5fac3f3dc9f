import type { Lease, LeaseRegistry } from './registry.ts';
import { registrySource } from './registry-source.ts';
import type { SourceFactory } from './source.ts';
import { clientOption, has, nameOption, resolveSourceOptions } from './source-options.ts';

export type { SourceFactory } from './source.ts';

/** What is used of an `Etcd3` of `etcd3`. */
export interface EtcdClient {
  lease(ttlSeconds: number, options: { readonly autoKeepAlive: boolean }): EtcdLease;
  getAll(): { prefix(value: string): { limit(count: number): { strings(): Promise<Record<string, string>> } } };
  watch(): { prefix(value: string): { watcher(): EtcdWatcher } };
}

interface EtcdLease {
  put(key: string): { value(value: string): { exec(): Promise<unknown> } };
  keepaliveOnce(): Promise<unknown>;
  on(event: 'lost', listener: () => void): unknown;
}

interface EtcdWatcher {
  on(event: 'put' | 'delete' | 'disconnected' | 'error', listener: () => void): unknown;
  cancel(): Promise<unknown>;
}

export interface EtcdSourceOptions {
  /** `new Etcd3({ hosts })`. It stays yours: `close()` leaves it open. */
  readonly client: EtcdClient;
  /** What all keys begin with; two fleets in one etcd have two. @default 'express-micro' */
  readonly prefix?: string | undefined;
}

const CLIENT = clientOption<EtcdClient>('a client of etcd3: new Etcd3({ hosts })', (client) =>
  has(client, 'lease', 'getAll', 'watch'),
);

/**
 * Finds the others in etcd 3: `expressMicro(app, { source: etcdSource({ client }) })`. Leases of etcd are whole seconds, two
 * at the least: with a `pingInterval` below 1200 ms silence is known later than elsewhere.
 *
 * @throws MESH_OPTION_INVALID
 */
export function etcdSource(options: EtcdSourceOptions): SourceFactory {
  const { client, prefix } = resolveSourceOptions(
    'etcdSource()',
    { client: CLIENT, prefix: nameOption('express-micro') },
    options,
  );
  return registrySource('etcd', () => createEtcdRegistry(client, `${prefix}/members/`));
}

function createEtcdRegistry(client: EtcdClient, prefix: string): LeaseRegistry {
  let watcher: EtcdWatcher | undefined;
  let held: { readonly lease: EtcdLease; value: string } | undefined;
  let hint = (): void => {};
  let isClosed = false;

  /**
   * Only where etcd has just answered. A watcher that has lost it tries by itself with pauses of up to half a minute, which
   * hold the process after its end, and then waits for a revision that an etcd which came back empty has not reached.
   */
  function watch(): void {
    if (watcher !== undefined || isClosed) return;
    const opened = client.watch().prefix(prefix).watcher();
    watcher = opened;
    for (const event of ['put', 'delete'] as const) opened.on(event, () => hint());
    for (const event of ['disconnected', 'error'] as const) opened.on(event, () => drop(opened));
  }

  function drop(dropped: EtcdWatcher | undefined): void {
    if (dropped === undefined || dropped !== watcher) return;
    watcher = undefined;
    dropped.cancel().catch(() => {});
  }

  return {
    async open(onHint) {
      held = undefined;
      hint = onHint;
    },

    async put({ id, value, ttlMs }: Lease) {
      if (held?.value === value) await held.lease.keepaliveOnce();
      else {
        const lease = held?.lease ?? client.lease(Math.ceil(ttlMs / 1_000), { autoKeepAlive: false });
        // Whether it is lost is asked with each renewal.
        if (held === undefined) lease.on('lost', () => {});
        else await lease.keepaliveOnce();
        await lease.put(`${prefix}${id}`).value(value).exec();
        held = { lease, value };
      }
      watch();
    },

    async list(max) {
      return Object.values(await client.getAll().prefix(prefix).limit(max).strings());
    },

    async close() {
      isClosed = true;
      drop(watcher);
    },
  };
}
