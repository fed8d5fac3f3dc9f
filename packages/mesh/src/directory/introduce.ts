import type { Clock, Log, Timer } from '@express-micro/core';
import { parseRouteList } from '../routes/list-codec.ts';
import { nameRoutes, type RouteTable } from '../routes/naming.ts';
import type { DiscoveryClient } from '../sources/discovery-client.ts';
import type { Directory, Instance } from './directory.ts';

export interface IntroduceOptions {
  readonly selfUrl: string;
  readonly directory: Directory;
  readonly client: DiscoveryClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  /** Longest pause between two tries. */
  readonly maxRetryMs: number;
  /** What speaks against a service being at an address that was just asked, by its certificate; `undefined`: nothing. */
  readonly misfit: (url: string, service: string) => string | undefined;
  /** A proven newcomer stands at the address of this member. */
  readonly onReplaced: (id: string) => void;
}

export interface Introductions {
  /** Sees to it that the instance's address is proven and its present list of routes known; tries until it is or is gone. */
  refresh(instance: Instance): void;
  /** Asks now, whatever is known; resolves when the answer is taken in, or there was none. */
  refreshNow(instance: Instance): Promise<void>;
  close(): void;
}

const FIRST_RETRY_MS = 200;
const MAX_WARNINGS = 1_000;

/**
 * Gets to know instances: asks each at its own address for its list of routes. The signed answer proves that the address
 * belongs to the instance, so nobody can take over a service by claiming its name. Equal lists are kept once.
 */
export function createIntroductions(options: IntroduceOptions): Introductions {
  const { directory, client, clock, log } = options;
  const tables = new Map<string, RouteTable>();
  const underWay = new Map<string, Promise<void>>();
  const queued = new Map<string, Promise<void>>();
  const retries = new Map<string, Timer>();
  /** Instances that were complained of; forgotten with the process, bounded by what a table can hold. */
  const warned = new Set<string>();
  let isClosed = false;

  function isCurrent(instance: Instance): boolean {
    return instance.isProven && instance.known?.routesHash === instance.routesHash;
  }

  async function ask(instance: Instance): Promise<void> {
    const { id, url, service } = instance;
    if (url === options.selfUrl) {
      const advice = 'Give each service the option "host" with the address at which the others can reach it.';
      warnOnce(`${id} self`, `${service} says that it is at ${url}, but that is the address of this process. ${advice}`);
      return;
    }
    const answer = await client({
      url,
      method: 'GET',
      path: '/_discovery/services?only=self',
      target: id,
      timeoutMs: options.timeoutMs,
    });
    if (isClosed || instance.url !== url || answer.outcome !== 'answered') return;
    const misfit = options.misfit(url, service);
    if (misfit !== undefined) {
      warnOnce(`${id} name`, `${service} is said to be at ${url}, but ${misfit}: it is not called.`);
      return;
    }
    const self = answer.body.thisService as { routes?: unknown; routesHash?: unknown } | undefined;
    if (typeof self?.routesHash !== 'string') return;
    try {
      directory.prove(id, self.routesHash, tableOf(self.routesHash, self.routes));
      for (const other of directory.atUrl(url)) if (other.id !== id) options.onReplaced(other.id);
    } catch (error) {
      warnOnce(`${id} routes`, `The list of routes of ${service} at ${url} cannot be used: ${(error as Error).message}`);
    }
  }

  function tableOf(routesHash: string, routes: unknown): RouteTable {
    let table = tables.get(routesHash);
    if (table === undefined) {
      table = nameRoutes(parseRouteList(routes));
      forgetUnusedTables();
      tables.set(routesHash, table);
    }
    return table;
  }

  function forgetUnusedTables(): void {
    const used = new Set(
      directory.services().flatMap((entry) => [...entry.instances.values()].map((one) => one.known?.routesHash)),
    );
    for (const hash of tables.keys()) if (!used.has(hash)) tables.delete(hash);
  }

  function warnOnce(key: string, message: string): void {
    if (warned.has(key) || warned.size >= MAX_WARNINGS) return;
    warned.add(key);
    log.warn(message);
  }

  function askOnce(instance: Instance): Promise<void> {
    let asking = underWay.get(instance.id);
    if (asking === undefined) {
      asking = ask(instance).finally(() => underWay.delete(instance.id));
      underWay.set(instance.id, asking);
    }
    return asking;
  }

  /** An answer that is on its way may have been given before the caller's reason to ask: he gets one that was asked for later. */
  function refreshNow(instance: Instance): Promise<void> {
    const running = underWay.get(instance.id);
    if (running === undefined) return askOnce(instance);
    let following = queued.get(instance.id);
    if (following === undefined) {
      following = running.then(() => {
        queued.delete(instance.id);
        return askOnce(instance);
      });
      queued.set(instance.id, following);
    }
    return following;
  }

  function attempt(instance: Instance, delayMs: number): void {
    void askOnce(instance).then(() => {
      if (isClosed || directory.instance(instance.id) !== instance || !instance.isUp || isCurrent(instance)) return;
      if (retries.has(instance.id)) return;
      const timer = clock.after(delayMs, () => {
        retries.delete(instance.id);
        attempt(instance, Math.min(delayMs * 2, options.maxRetryMs));
      });
      retries.set(instance.id, timer);
    });
  }

  return {
    refresh(instance) {
      if (isClosed || !instance.isUp || isCurrent(instance) || retries.has(instance.id)) return;
      attempt(instance, FIRST_RETRY_MS);
    },
    refreshNow,
    close() {
      isClosed = true;
      for (const timer of retries.values()) timer.stop();
      retries.clear();
    },
  };
}
