import type { Clock, Log, Random } from '@express-micro/core';
import type { MessageKind, PeerMessage, PeerReply } from '../membership/messages.ts';
import type { DiscoveryClient } from './discovery-client.ts';

/** One process as a source of members sees it. */
export interface SourceMember {
  readonly id: string;
  readonly service: string;
  readonly url: string;
  readonly incarnation: number;
  /** `UP` while it is present or only suspected, `DOWN` when it is gone without a word, `LEFT` when it said good-bye. */
  readonly status: 'UP' | 'DOWN' | 'LEFT';
  readonly routesHash: string;
  readonly isSigning: boolean;
  /** Suspected, or refusing connections from here: to be called only when nobody else is there. */
  readonly isDoubtful: boolean;
}

/** What the mesh tells a source about itself. */
export interface SourceSelf {
  readonly id: string;
  readonly service: string;
  readonly url: string;
  readonly routesHash: string;
  readonly isSigning: boolean;
}

/**
 * Where members come from. The default asks peers (`createPeerSource`); others read an engine that exists (Redis, etcd,
 * DNS). A source says who is there; whether an address is what it claims is proven by whoever calls it.
 */
export interface MemberSource {
  /** Begins to look and to be seen. */
  start(self: SourceSelf): void;
  /** Our list of routes changed: others learn the new hash. */
  announceRoutes(routesHash: string): void;
  members(): readonly SourceMember[];
  /** Monotonic time of the last sign of life that this process had of a member itself; `undefined` when there was none. */
  heardAtMs(id: string): number | undefined;
  /** A connection to this member failed: look at it at once. */
  doubt(id: string): void;
  /** Another process has proven to own this member's address. */
  replaced(id: string): void;
  /** Seeds that have not answered yet, for the message of `ready()`. */
  silentSeeds(): readonly string[];
  /** What `ready()` waits for besides seeds, as the end of a sentence: `Redis has not answered yet`. */
  missing?(): string | undefined;
  /** A message of another member, for sources that speak between members; `sender` is who signed it, if anybody did. */
  receive?(kind: MessageKind, sender: string | undefined, message: PeerMessage): Promise<PeerReply>;
  /** Members that stand behind the seeds that have answered. */
  seedOwners(): readonly string[];
  /** Tells the others that we go, for good or for now, and waits until they know, briefly. */
  leave(options: { readonly isFinal: boolean }): Promise<void>;
  close(): void;
}

/** How a source tells the mesh that something about a member is new. */
type MemberListener = (member: SourceMember) => void;

/** What every source gets from the mesh that it works for. */
export interface DiscoverySurroundings {
  /** Asks a member itself, at its own address. */
  readonly client: DiscoveryClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onChange: MemberListener;
  /** A member has been gone for so long that nobody needs to remember it. */
  readonly onForgotten: (id: string) => void;
}

/** What a source that reads an engine gets besides. */
export interface SourceSurroundings extends DiscoverySurroundings {
  /** From which every time of discovery is derived. */
  readonly pingIntervalMs: number;
  readonly onEngine: (event: SourceEvent) => void;
  /** Whom this process knew when it was part of the mesh before. Nobody else would tell it of those who went meanwhile. */
  readonly known: readonly SourceMember[];
}

/** The engine that a source reads is lost, or answers (again). What is known of the members stays as it is, and calls go on. */
export interface SourceEvent {
  /** `Redis`, `etcd` … */
  readonly source: string;
  readonly status: 'connected' | 'lost';
  /** Why it was lost. */
  readonly reason?: string;
}

/** What a user hands in as the option `source`: `redisSource({ client })`. It does nothing until the mesh is joined. */
export interface SourceFactory {
  /** As people call the engine, for messages. */
  readonly name: string;
  create(surroundings: SourceSurroundings): MemberSource;
}
