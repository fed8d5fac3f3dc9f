import type { Log } from '@express-micro/core';
import type { InstanceInfo } from './directory/directory.ts';
import { type MeshError, meshError } from './errors.ts';
import type { RenewedBy } from './renewable-file.ts';
import type { KeyChange } from './secret/rotation.ts';
import type { SourceEvent } from './sources/source.ts';

/** What a process can learn while it runs. `up` and `down` speak of a service as a whole, `change` of one instance. */
export interface MeshEvents {
  up: [service: string, instance: InstanceInfo];
  down: [service: string, instance: InstanceInfo];
  change: [instance: InstanceInfo];
  /** A call is tried again. */
  retry: [retry: RetryEvent];
  /** An instance that fails is taken out of the balance for a while, or is taken back. */
  ejected: [ejection: EjectionEvent];
  readmitted: [instance: InstanceInfo];
  /** The engine in which the others are found is lost, or answers (again). Never told where they are found by peers. */
  source: [event: SourceEvent];
  /** This process refuses requests because it has too much to do (`true`), or takes them again. */
  overload: [isOverloaded: boolean];
  /** Keys or certificates were renewed, or what was found in their place is not used. */
  renewal: [event: RenewalEvent];
  /** This process leaves: told at each step. */
  drain: [phase: DrainPhase];
}

/** `by`: the files themselves, a signal (or `reload()`), or `rotate()`. Keys are told by their ids. */
export type RenewalEvent =
  | ({ readonly what: 'keys'; readonly outcome: 'taken'; readonly by: RenewedBy } & KeyChange)
  | {
      readonly what: 'certificates';
      readonly outcome: 'taken';
      readonly by: RenewedBy;
      /** Of the certificate, as it says itself; `undefined` where there are authorities only. */
      readonly validUntil: string | undefined;
      /** Servers of this app that show it now, too. */
      readonly servers: number;
    }
  | {
      readonly what: 'keys' | 'certificates';
      /** What there was stays in force. */
      readonly outcome: 'refused';
      readonly by: RenewedBy;
      readonly error: MeshError;
    };

export interface RetryEvent {
  readonly service: string;
  readonly function: string;
  /** Who failed. */
  readonly instance: string;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly reason: string;
  readonly requestId: string;
}

export interface EjectionEvent {
  readonly service: string;
  readonly instance: string;
  readonly reason: 'consecutive-failures' | 'failure-rate';
  readonly forMs: number;
}

/** `leaving`: not ready, the others are told; `closing`: no new connections; `closed`: nothing is left. */
export type DrainPhase = 'leaving' | 'closing' | 'closed';

export type MeshListener<E extends keyof MeshEvents> = (...args: MeshEvents[E]) => unknown;

/** Tells listeners. What a listener does wrong is its own affair: it is logged, and neither the others nor the mesh notice. */
export interface MeshNews {
  tell<E extends keyof MeshEvents>(event: E, ...args: MeshEvents[E]): void;
  /** Answers how to stop listening. @throws MESH_OPTION_INVALID for another event, or no function */
  on<E extends keyof MeshEvents>(event: E, listener: MeshListener<E>): () => void;
  clear(): void;
}

export function createNews(log: Log): MeshNews {
  const listeners: { readonly [E in keyof MeshEvents]: Set<MeshListener<E>> } = {
    up: new Set(),
    down: new Set(),
    change: new Set(),
    retry: new Set(),
    ejected: new Set(),
    readmitted: new Set(),
    source: new Set(),
    overload: new Set(),
    renewal: new Set(),
    drain: new Set(),
  };

  function complain(event: string, error: unknown): void {
    log.error(`a listener of "${event}" failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  return {
    tell(event, ...args) {
      for (const listener of [...listeners[event]]) {
        try {
          const result = listener(...args);
          if (result instanceof Promise) result.catch((error: unknown) => complain(event, error));
        } catch (error) {
          complain(event, error);
        }
      }
    },

    on(event, listener) {
      if (!Object.hasOwn(listeners, event) || typeof listener !== 'function') {
        const names = Object.keys(listeners).join(', ');
        throw meshError('MESH_OPTION_INVALID', `on(${JSON.stringify(event)}, …): it takes one of ${names}, and a function.`);
      }
      // A function of its own, so that one listener given twice is heard twice and taken off one by one.
      const own: typeof listener = (...args) => listener(...args);
      listeners[event].add(own);
      return () => listeners[event].delete(own);
    },

    clear() {
      for (const set of Object.values(listeners)) set.clear();
    },
  };
}
