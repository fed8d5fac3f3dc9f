import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import type { TLSSocket } from 'node:tls';
import {
  type Caller,
  type CallObserver,
  type Clock,
  type Lifetime,
  type Random,
  systemClock,
  systemRandom,
} from '@express-micro/core';
import { createCallChain } from './call/chain.ts';
import { createInvoker } from './call/invoke.ts';
import { createCallObservers } from './call/observe.ts';
import { createServicesProxy, type ServicesOf } from './call/services.ts';
import { createTargets } from './call/targets.ts';
import { type Counters, createCounters } from './counters.ts';
import { createDirectory, type Instance, type InstanceInfo, isCallable } from './directory/directory.ts';
import { createIdempotent } from './idempotency/idempotent.ts';
import { createMemoryStore } from './idempotency/memory-store.ts';
import { type IdempotencyOptions, resolveIdempotencyOptions } from './idempotency/options.ts';
import type { IdempotencyStore } from './idempotency/store.ts';
import { createInstanceId, originOf, parseOrigin } from './identity.ts';
import { type Joined, joinMesh } from './joined.ts';
import { leaveMesh } from './leaving.ts';
import type { Prototypes } from './link/born.ts';
import { chooseTransport, sendOverHttp } from './link/choice.ts';
import { createLinkPool } from './link/link-pool.ts';
import { createLinkServer } from './link/link-server.ts';
import { openDoor } from './link/local.ts';
import { membershipTunables } from './membership/tunables.ts';
import { createNews, type MeshNews } from './mesh-events.ts';
import { createOffer } from './offered-routes.ts';
import { advertisedHost, type ResolvedOptions } from './options.ts';
import { type ReadyOptions, waitUntilReady } from './ready.ts';
import type { RouteDescriptor } from './routes/descriptor.ts';
import type { NamedRoute } from './routes/naming.ts';
import { openSecret } from './secret/secret.ts';
import { createAddressList } from './serve/addresses.ts';
import { createAdmission, type Middleware } from './serve/admission.ts';
import type { Drain } from './serve/drain.ts';
import { createInFlight } from './serve/in-flight.ts';
import { createReadiness } from './serve/readiness.ts';
import { createShedding } from './serve/shedding.ts';
import { authorizeBy } from './signing/authorize.ts';
import { createCredentials } from './signing/credentials.ts';
import type { SourceSelf } from './sources/source.ts';
import { createHttpTransport } from './transport/http.ts';
import type { Transport } from './transport/transport.ts';
import { createCertificates } from './trust/certificates.ts';

/** Where the app can be reached, as far as its server tells. */
export interface Listening {
  readonly protocol: 'http' | 'https';
  /** The one address that the server is bound to; `undefined` when it listens on all. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface MeshSurroundings {
  /** Reads the app's routes, as they are now. */
  readonly routes: () => readonly RouteDescriptor[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Moves the bytes of what is not sent over links. @default HTTP */
  readonly transport?: Transport;
}

/** One process in the fleet: it is known, it is called, it calls. */
export interface Mesh<S = Record<never, never>> {
  readonly services: ServicesOf<S>;
  /** Stands before everything else of the app. */
  readonly front: Middleware;
  readonly internal: Middleware;
  /** The app can be reached: join. A later address replaces an earlier one. */
  join(listening: Listening): void;
  /**
   * This server serves the app: calls may come to it over links, and from within the process. Answers how to stop that.
   * @param prototypes asked when a link begins: what its requests and responses are to be born with
   */
  serve(server: Server, prototypes: () => Prototypes): () => void;
  /** The app can be reached no more: the others hear it, and `join` brings it back. */
  pause(): Promise<void>;
  readonly url: string | undefined;
  /** Runs requests with an `Idempotency-Key` once. @throws MESH_OPTION_INVALID */
  idempotent(options?: IdempotencyOptions): Middleware;
  caller(req: IncomingMessage): Caller | undefined;
  /** How long a request is worth working on; `undefined` for one that did not come through `front`. */
  lifetime(req: IncomingMessage): Lifetime | undefined;
  /** False from the moment in which this process begins to leave. */
  isReady(): boolean;
  /** Answers the same to a load balancer. */
  readonly readiness: Middleware;
  routes(): readonly NamedRoute[];
  instances(service?: string): InstanceInfo[];
  ready(options?: ReadyOptions): Promise<void>;
  /** What has happened so far, as numbers that only grow (links: how many are open). */
  counters(): Readonly<Counters>;
  on: MeshNews['on'];
  /** Sees each call from now on. Answers how to stop. */
  observeCalls(observer: CallObserver): () => void;
  /** Never refuses these paths for overload, nor what is below them. */
  spare(paths: readonly string[]): void;
  rotate(keys: string): void;
  /** Leaves. `stopServing` runs when the others know and may take in what is under way; then everything ends. */
  close(times: Drain, stopServing?: (limitMs: number) => Promise<void>): Promise<void>;
}

/** Opens what a process needs to be part of the mesh. Nothing is sent before `join`. */
export function createMesh<S>(options: ResolvedOptions, surroundings: MeshSurroundings): Mesh<S> {
  const { clock = systemClock, random = systemRandom, env = process.env } = surroundings;
  const { log, serviceName, allow } = options;
  const tunables = membershipTunables(options.pingInterval);
  const id = createInstanceId(random);

  // Who we are, and how we prove it.
  const secret = openSecret({
    env,
    tmpdir: tmpdir(),
    uid: process.getuid?.(),
    clock,
    random,
    onProblem: (error) => log.warn(error.message),
  });
  if (secret.source.kind === 'file') log.info(`the discovery key is in ${secret.source.path}`);
  const credentials = createCredentials({ instance: id, service: serviceName, ring: () => secret.ring, clock, random });

  // Who the others are.
  const news = createNews(log);
  const directory = createDirectory({
    clock,
    onServiceUp: (service, instance) => news.tell('up', service, infoOf(instance)),
    onServiceDown: (service, instance) => news.tell('down', service, infoOf(instance)),
    onInstanceChange: (instance) => news.tell('change', infoOf(instance)),
  });
  if (options.onServiceUp !== undefined) news.on('up', options.onServiceUp);
  if (options.onServiceDown !== undefined) news.on('down', options.onServiceDown);

  const counters = createCounters();
  let joined: Joined | undefined;
  let isLeaving = false;
  let isClosed = false;

  // How they are called.
  const onDisconnect = (origin: string): void => {
    for (const instance of directory.atUrl(origin)) joined?.source.doubt(instance.id);
  };
  const certificates = createCertificates(options.tls, (origin) =>
    directory.atUrl(origin).flatMap(({ isUp, service }) => (isUp ? [service] : [])),
  );
  const tls = certificates.connect;
  const http = surroundings.transport ?? createHttpTransport({ onDisconnect, tls });
  const overHttp = sendOverHttp(http, counters);
  const isSigning = (instance: string) => options.enableHmac || directory.instance(instance)?.isSigning === true;
  const isKnown = (instance: string) => directory.instance(instance) !== undefined;
  const hasLinks = options.transport === 'auto';
  const links = hasLinks
    ? createLinkPool({ credentials, counters, clock, random, isSigning, isKnown, tls, overHttp, onDisconnect })
    : undefined;
  const transport = chooseTransport({ http, links, callerToken: credentials.callerToken, counters });
  const observers = createCallObservers(log);
  const chain = createCallChain({
    observers,
    tunables: options,
    clock,
    random,
    counters,
    transport,
    authorize: authorizeBy(credentials, options.enableHmac),
    onUnreached: (instance) => joined?.source.doubt(instance.id),
    isClosed: () => isClosed,
    onRetry: ({ service, function: name, instance, attempts, requestId }, reason) =>
      news.tell('retry', { service: service.name, function: name, instance: instance?.id ?? '', attempts, reason, requestId }),
    onEjected: ({ service, id: instance }, reason, forMs) => news.tell('ejected', { service, instance, reason, forMs }),
    onReadmitted: (instance) => news.tell('readmitted', infoOf(instance)),
  });
  const targets = createTargets(directory, async (instance) => {
    if (instance.isSelf) readRoutes();
    else await joined?.introductions.refreshNow(instance);
  });
  const { timeoutMs } = options;
  const invoker = createInvoker({
    targets,
    chain,
    observers,
    clock,
    counters,
    timeoutMs,
    nextRequestId: () => random.uuid(),
    isClosed: () => isClosed,
    mayCall: allow && ((service, path) => allow.decide(service, serviceName, path) === 'allowed'),
  });

  // What we offer.
  const readRoutes = createOffer(surroundings.routes, ({ hash, table }) => {
    if (joined === undefined) return;
    directory.addSelf({ ...joined.self, routesHash: hash }, table);
    joined.source.announceRoutes(hash);
  });

  const inFlight = createInFlight();
  const shedding =
    options.shedding === false
      ? undefined
      : createShedding(options.shedding, {
          clock,
          inFlight,
          onOverload: (isOverloaded) => news.tell('overload', isOverloaded),
        });
  const confirms = ({ socket }: IncomingMessage, service: string) => certificates.confirms(socket as TLSSocket, service);
  const admission = createAdmission({
    confirms,
    decide: allow && ((caller, path) => allow.decide(serviceName, caller, path)),
    credentials,
    clock,
    random,
    counters,
    inFlight,
    shedding,
    isSigning: options.enableHmac,
    allowed: options.ipWhitelist && createAddressList(options.ipWhitelist, 'ipWhitelist'),
    trustedProxies: options.trustedProxies && createAddressList(options.trustedProxies, 'trustedProxies'),
    endpoints: {
      directory,
      source: () => joined?.source,
      maxMembers: tunables.maxMembers,
      self: () => {
        const { hash, table } = readRoutes();
        return { id, service: serviceName, url: joined?.self.url, routesHash: hash, table };
      },
    },
  });

  const linkServer = hasLinks
    ? createLinkServer({ credentials, isSigning: options.enableHmac, counters, clock, confirms, isAllowed: admission.isAllowed })
    : undefined;

  function serve(server: Server, prototypes: () => Prototypes): () => void {
    if (linkServer === undefined || isClosed) return () => {};
    const withdraw = linkServer.serve(server, prototypes);
    const admit = (token: string) => credentials.verifyCallerToken(token, credentials.nowSeconds());
    const shut = openDoor(id, server, prototypes(), admit);
    return () => {
      shut();
      withdraw();
    };
  }

  function join({ protocol, host, port }: Listening): void {
    // In the one spelling that everybody else will read it in: a record of ours that differs from it would look like a lie.
    const url = parseOrigin(originOf(protocol, advertisedHost(options.host, host), port));
    if (url === undefined) {
      log.error(
        `${originOf(protocol, host ?? '', port)} is no address at which others can reach this app. Give the option "host".`,
      );
      return;
    }
    if (isClosed || joined?.self.url === url) return;
    if (protocol === 'http' && options.tls.trustDomain !== undefined) {
      log.warn(
        `"tls.trustDomain" asks callers for certificates, and ${url} is no TLS: nobody who calls it will count as verified. Serve the app with https.createServer({ …, requestCert: true }, app).`,
      );
    }
    // Whoever was known under the former address is asked again: nobody else may remember us there.
    const known = joined?.source.members().flatMap((member) => (member.status === 'UP' ? [member.url] : [])) ?? [];
    joined?.end();
    const { hash, table } = readRoutes();
    const self: SourceSelf = { id, service: serviceName, url, routesHash: hash, isSigning: options.enableHmac };
    directory.addSelf(self, table);
    const peers = [...new Set([...options.peers, ...known])];
    joined = joinMesh({
      self,
      peers,
      engine: options.source,
      onEngine: (event) => news.tell('source', event),
      pingIntervalMs: options.pingInterval,
      tunables,
      directory,
      transport,
      credentials,
      clock,
      random,
      log,
      misfit: certificates.misfit,
      watchRoutes: readRoutes,
    });
  }

  async function pause(): Promise<void> {
    const pausing = joined;
    joined = undefined;
    directory.remove(id);
    await pausing?.source.leave({ isFinal: false });
    pausing?.end();
  }

  function infoOf(instance: Instance): InstanceInfo {
    const { service, url, incarnation } = instance;
    const status = isCallable(instance) ? 'UP' : 'DOWN';
    const heardAtMs = Math.max(instance.provenAtMs, joined?.source.heardAtMs(instance.id) ?? 0);
    return {
      id: instance.id,
      service,
      url,
      status,
      incarnation,
      lastSeenMs: Math.round(Math.max(0, clock.monotonicMs() - heardAtMs)),
    };
  }

  let memory: IdempotencyStore | undefined;
  let closing: Promise<void> | undefined;
  async function end(times: Drain, stopServing: (limitMs: number) => Promise<void>): Promise<void> {
    const ending = joined;
    isLeaving = true;
    await leaveMesh({
      times,
      clock,
      news,
      hasCallers: directory.services().some((entry) => [...entry.instances.values()].some((one) => !one.isSelf && one.isUp)),
      tellOthers: async () => ending?.source.leave({ isFinal: true }),
      endConnections() {
        admission.endConnections();
        linkServer?.drain();
      },
      stopServing,
      async endAll() {
        ending?.end();
        shedding?.close();
        isClosed = true;
        joined = undefined;
        linkServer?.close();
        secret.close();
        await transport.close();
        directory.clear();
      },
    });
  }
  const isReady = () => !isLeaving;

  return {
    services: createServicesProxy<S>(invoker),
    front: admission.front,
    internal: admission.internal,
    idempotent(given) {
      const idempotency = resolveIdempotencyOptions(given);
      memory ??= createMemoryStore(clock);
      const { caller } = admission;
      return createIdempotent(idempotency, idempotency.store ?? memory, { clock, random, log, counters, caller });
    },
    caller: admission.caller,
    join,
    serve,
    pause,
    get url() {
      return joined?.self.url;
    },
    routes: () => readRoutes().table.routes,
    instances(service) {
      const entries = service === undefined ? directory.services() : [directory.find(service) ?? []].flat();
      const known = entries.flatMap((entry) => [...entry.instances.values()]);
      return known.filter((instance) => !instance.isSelf && instance.known !== undefined).map(infoOf);
    },
    ready: (readyOptions) =>
      waitUntilReady(readyOptions, {
        clock,
        news,
        directory,
        peers: options.peers,
        source: () => joined?.source,
        isClosed: () => isClosed,
      }),
    counters: () => Object.freeze({ ...counters }),
    on: news.on,
    observeCalls: observers.add,
    spare: (paths) => shedding?.spare(paths),
    rotate: (keys) => secret.rotate(keys),
    isReady,
    readiness: createReadiness(isReady),
    lifetime: admission.lifetime,
    close(times, stopServing = async () => {}) {
      closing ??= end(times, stopServing);
      return closing;
    },
  };
}
