import type { Clock, SlidingCounts } from '@express-micro/core';
import { meshError } from '../errors.ts';
import { camelCase } from '../routes/camel-case.ts';
import type { RouteTable } from '../routes/naming.ts';
import type { SourceMember, SourceSelf } from '../sources/source.ts';
import { createInstanceHealth, createServiceRecent, type InstanceHealth } from './health.ts';

/** What users see of one process of the fleet. */
export interface InstanceInfo {
  readonly id: string;
  readonly service: string;
  readonly url: string;
  readonly status: 'UP' | 'DOWN';
  /** Raised by its owner when it refutes a suspicion or its routes change. */
  readonly incarnation: number;
  /** Milliseconds since this process last had a proven sign of life of it; 0 for itself. */
  readonly lastSeenMs: number;
}

/**
 * One process as callers use it. It becomes callable when it has proven its address, by answering there with its own
 * signature, and its list of routes is known.
 */
export interface Instance {
  readonly id: string;
  readonly service: string;
  /** This process: it can be called, but it is no news to itself. */
  readonly isSelf: boolean;
  url: string;
  incarnation: number;
  isUp: boolean;
  isDoubtful: boolean;
  /** Monotonic time at which it last proved its address to this process. */
  provenAtMs: number;
  /** The list that it has now, as its owner announces it. */
  routesHash: string;
  /** Has answered at its address with its own signature since it was last down or moved. */
  isProven: boolean;
  /** The list that is known here; kept while it is down. */
  known: { readonly routesHash: string; readonly table: RouteTable } | undefined;
  /** Takes signed calls only. */
  isSigning: boolean;
  /** What calls from here have seen of it. */
  readonly health: InstanceHealth;
}

export interface ServiceEntry {
  readonly name: string;
  readonly instances: Map<string, Instance>;
  /** Calls to it in the last seconds, whichever instance they went to. */
  readonly recent: SlidingCounts;
}

export interface DirectoryOptions {
  readonly clock: Clock;
  onServiceUp(service: string, instance: Instance): void;
  onServiceDown(service: string, instance: Instance): void;
  onInstanceChange(instance: Instance): void;
}

/** Who can be called: services by name, their instances, and what each of these offers. */
export interface Directory {
  /** Changes with every change of what can be called, so that callers may keep what they worked out. */
  readonly version: number;
  /** Takes in what the source says of a member. Answers the instance, or `undefined` when it left. */
  update(member: SourceMember): Instance | undefined;
  /** This process itself, callable from the first moment. */
  addSelf(self: SourceSelf, table: RouteTable): void;
  /** An instance has proven its address and given its routes. */
  prove(id: string, routesHash: string, table: RouteTable): void;
  /** It left, or has been gone for so long that it is forgotten. */
  remove(id: string): void;
  instance(id: string): Instance | undefined;
  /** Callable instances present at this address, for finding out whom a newcomer replaces. */
  atUrl(url: string): readonly Instance[];
  services(): readonly ServiceEntry[];
  /** Finds by exact name, else by any spelling that has the same camel case. @throws MESH_SERVICE_AMBIGUOUS */
  find(name: string): ServiceEntry | undefined;
  clear(): void;
}

export function isCallable(instance: Instance): boolean {
  return instance.isUp && instance.isProven && instance.known !== undefined;
}

export function createDirectory(options: DirectoryOptions): Directory {
  const services = new Map<string, ServiceEntry>();
  let version = 0;
  const instances = new Map<string, Instance>();
  const byCamelCase = new Map<string, ServiceEntry[]>();

  function entryOf(service: string): ServiceEntry {
    let entry = services.get(service);
    if (entry === undefined) {
      entry = { name: service, instances: new Map(), recent: createServiceRecent() };
      services.set(service, entry);
      const key = camelCase(service);
      byCamelCase.set(key, [...(byCamelCase.get(key) ?? []), entry]);
    }
    return entry;
  }

  function removeService(entry: ServiceEntry): void {
    services.delete(entry.name);
    const key = camelCase(entry.name);
    const others = (byCamelCase.get(key) ?? []).filter((other) => other !== entry);
    if (others.length === 0) byCamelCase.delete(key);
    else byCamelCase.set(key, others);
  }

  /** Runs a change to one instance and tells what came of it: of the instance, and of its service as a whole. */
  function change(instance: Instance, apply: () => void): void {
    const entry = entryOf(instance.service);
    const wasUp = hasCallablePeer(entry);
    const before = isCallable(instance);
    const known = instance.known;
    apply();
    version += 1;
    if (instance.isSelf) return;
    if (!before && isCallable(instance)) instance.health.returnedAtMs = options.clock.monotonicMs();
    if (before !== isCallable(instance) || known !== instance.known) options.onInstanceChange(instance);
    const isUp = hasCallablePeer(entry);
    if (!wasUp && isUp) options.onServiceUp(entry.name, instance);
    if (wasUp && !isUp) options.onServiceDown(entry.name, instance);
  }

  function remove(instance: Instance): void {
    const entry = entryOf(instance.service);
    change(instance, () => {
      instance.isUp = false;
      entry.instances.delete(instance.id);
      instances.delete(instance.id);
    });
    if (entry.instances.size === 0) removeService(entry);
  }

  return {
    get version() {
      return version;
    },

    update(member) {
      const existing = instances.get(member.id);
      if (member.status === 'LEFT') {
        if (existing !== undefined) remove(existing);
        return undefined;
      }
      // Whoever is first heard of as gone is nobody's concern.
      if (existing === undefined && member.status === 'DOWN') return undefined;
      const instance: Instance = existing ?? {
        id: member.id,
        service: member.service,
        isSelf: false,
        url: member.url,
        incarnation: member.incarnation,
        isUp: false,
        isDoubtful: false,
        provenAtMs: 0,
        routesHash: member.routesHash,
        isSigning: member.isSigning,
        isProven: false,
        known: undefined,
        health: createInstanceHealth(options.clock.monotonicMs()),
      };
      instances.set(instance.id, instance);
      entryOf(instance.service).instances.set(instance.id, instance);
      change(instance, () => {
        // Whoever moved, or was thought dead and says that he lives, shows it by answering at his address.
        if (instance.url !== member.url || member.status === 'DOWN') instance.isProven = false;
        instance.url = member.url;
        instance.incarnation = member.incarnation;
        instance.isUp = member.status === 'UP';
        instance.isDoubtful = member.isDoubtful;
        instance.routesHash = member.routesHash;
        instance.isSigning = member.isSigning;
      });
      return instance;
    },

    addSelf(self, table) {
      const instance: Instance = {
        ...self,
        isSelf: true,
        incarnation: 1,
        isUp: true,
        isDoubtful: false,
        provenAtMs: 0,
        isProven: true,
        known: { routesHash: self.routesHash, table },
        // Its routes may have changed; what calls have seen of it stays.
        health: instances.get(self.id)?.health ?? createInstanceHealth(options.clock.monotonicMs()),
      };
      const entry = entryOf(self.service);
      instances.set(self.id, instance);
      entry.instances.set(self.id, instance);
      version += 1;
    },

    prove(id, routesHash, table) {
      const instance = instances.get(id);
      if (instance === undefined) return;
      change(instance, () => {
        instance.isProven = true;
        instance.provenAtMs = options.clock.monotonicMs();
        instance.known = { routesHash, table };
      });
      // Whoever was at this address before and is gone has been replaced, not lost: nobody needs to see him any more.
      for (const other of [...instances.values()]) {
        if (other.id !== id && other.url === instance.url && !other.isUp) remove(other);
      }
    },

    remove(id) {
      const instance = instances.get(id);
      if (instance !== undefined) remove(instance);
    },

    instance: (id) => instances.get(id),
    atUrl: (url) => [...instances.values()].filter((instance) => instance.url === url && instance.isUp),
    services: () => [...services.values()],

    find(name) {
      const exact = services.get(name);
      if (exact !== undefined) return exact;
      const alike = byCamelCase.get(camelCase(name)) ?? [];
      if (alike.length > 1) {
        const names = alike.map((entry) => `"${entry.name}"`).join(' and ');
        const exactly = alike.map((entry) => `services[${JSON.stringify(entry.name)}]`).join(' or ');
        throw meshError('MESH_SERVICE_AMBIGUOUS', `"${name}" could be ${names}. Write ${exactly}, or rename one of them.`, {
          service: name,
          details: { service: name, candidates: alike.map((entry) => entry.name) },
        });
      }
      return alike[0];
    },

    clear() {
      services.clear();
      instances.clear();
      byCamelCase.clear();
    },
  };
}

function hasCallablePeer(entry: ServiceEntry): boolean {
  for (const instance of entry.instances.values()) if (!instance.isSelf && isCallable(instance)) return true;
  return false;
}
