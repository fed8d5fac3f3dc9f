import type { Clock, Log, Random } from '@express-micro/core';
import type { Directory } from './directory/directory.ts';
import { createIntroductions, type Introductions } from './directory/introduce.ts';
import type { MembershipTunables } from './membership/tunables.ts';
import type { Credentials } from './signing/credentials.ts';
import { createDiscoveryClient } from './sources/discovery-client.ts';
import { createPeerSource } from './sources/peers.ts';
import type { MemberSource, SourceEvent, SourceFactory, SourceMember, SourceSelf } from './sources/source.ts';
import type { Transport } from './transport/transport.ts';

export interface JoinOptions {
  readonly self: SourceSelf;
  readonly peers: readonly string[];
  /** Reads an engine instead of asking peers. */
  readonly engine: SourceFactory | undefined;
  readonly onEngine: (event: SourceEvent) => void;
  readonly pingIntervalMs: number;
  readonly tunables: MembershipTunables;
  readonly directory: Directory;
  readonly transport: Pick<Transport, 'request' | 'forget'>;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly misfit: (url: string, service: string) => string | undefined;
  /** Looks for routes that were declared meanwhile, once a tick. */
  readonly watchRoutes: () => void;
}

/** What exists only while we are part of the mesh. */
export interface Joined {
  readonly self: SourceSelf;
  readonly source: MemberSource;
  readonly introductions: Introductions;
  /** Stops every timer. Tells nobody: that is what `source.leave` is for. */
  end(): void;
}

/** The longest that an instance may take to give its routes, and that a caller who asks for an unknown function waits for it. */
const INTRODUCTION_TIMEOUT_MS = 2_000;

/** Begins to be seen and to look: members come from the source, and each is asked at its own address who it is. */
export function joinMesh(options: JoinOptions): Joined {
  const { self, tunables, directory, transport, clock } = options;
  const client = createDiscoveryClient(transport, options.credentials, clock);
  const introductions = createIntroductions({
    selfUrl: self.url,
    directory,
    client,
    clock,
    log: options.log,
    timeoutMs: INTRODUCTION_TIMEOUT_MS,
    maxRetryMs: Math.max(1_000, 5 * tunables.tickMs),
    misfit: options.misfit,
    onReplaced: (replaced) => source.replaced(replaced),
  });
  const surroundings = {
    client,
    clock,
    random: options.random,
    log: options.log,
    onChange(member: SourceMember) {
      const instance = directory.update(member);
      if (instance !== undefined) introductions.refresh(instance);
      // Connections to an address that nobody will call are let go.
      if (directory.atUrl(member.url).length === 0) transport.forget(member.url);
    },
    onForgotten: (id: string) => directory.remove(id),
  };
  const { engine, onEngine, pingIntervalMs } = options;
  const source: MemberSource =
    engine === undefined
      ? createPeerSource({ ...surroundings, peers: options.peers.filter((peer) => peer !== self.url), tunables })
      : engine.create({ ...surroundings, pingIntervalMs, onEngine, known: knownTo(directory) });
  source.start(self);
  const routeWatch = clock.every(tunables.tickMs, options.watchRoutes);
  return {
    self,
    source,
    introductions,
    end() {
      routeWatch.stop();
      introductions.close();
      source.close();
    },
  };
}

/** The others, as they were known when this process was part of the mesh before. */
function knownTo(directory: Directory): SourceMember[] {
  const instances = directory.services().flatMap((entry) => [...entry.instances.values()]);
  return instances.flatMap((instance) => {
    const { id, service, url, incarnation, routesHash, isSigning, isDoubtful, isUp, isSelf } = instance;
    if (isSelf) return [];
    return [{ id, service, url, incarnation, routesHash, isSigning, isDoubtful, status: isUp ? 'UP' : 'DOWN' }];
  });
}
