import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { systemClock, systemRandom } from '@express-micro/core';
import { createCallChain } from './call/chain.ts';
import { createInvoker } from './call/invoke.ts';
import { createCallObservers } from './call/observe.ts';
import { createServicesProxy } from './call/services.ts';
import { createTargets } from './call/targets.ts';
import { createCounters } from './counters.ts';
import { createDirectory, type Instance, type InstanceInfo, isCallable } from './directory/directory.ts';
import { createIdempotent } from './idempotency/idempotent.ts';
import { createMemoryStore } from './idempotency/memory-store.ts';
import { resolveIdempotencyOptions } from './idempotency/options.ts';
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
import type { Listening, Mesh, MeshSurroundings } from './mesh-api.ts';
import { createNews } from './mesh-events.ts';
import { createOffer } from './offered-routes.ts';
import { advertisedHost, type ResolvedOptions } from './options.ts';
import { waitUntilReady } from './ready.ts';
import { openRenewal } from './renewal.ts';
import { createAddressList } from './serve/addresses.ts';
import { createAdmission } from './serve/admission.ts';
import type { Drain } from './serve/drain.ts';
import { createInFlight } from './serve/in-flight.ts';
import { createReadiness } from './serve/readiness.ts';
import { createShedding } from './serve/shedding.ts';
import { authorizeBy } from './signing/authorize.ts';
import { createCredentials } from './signing/credentials.ts';
import type { SourceSelf } from './sources/source.ts';
import { createHttpTransport } from './transport/http.ts';
import { createCertificates } from './trust/certificates.ts';
import { createConnectionAges } from './trust/connection-ages.ts';

/** Opens what a process needs to be part of the mesh. Nothing is sent before `join`. */
export function createMesh<S>(options: ResolvedOptions, surroundings: MeshSurroundings): Mesh<S> {
  const { clock = systemClock, random = systemRandom, env = process.env } = surroundings;
  const { log, serviceName, allow } = options;
  const tunables = membershipTunables(options.pingInterval);
  const id = createInstanceId(random);

  // Who we are, and how we prove it.
  const news = createNews(log);
  const ages = createConnectionAges(clock);
  const renewal = openRenewal({
    env,
    tmpdir: tmpdir(),
    uid: process.getuid?.(),
    clock,
    random,
    tls: options.tls,
    ages,
    log,
    news,
    renewConnections: () => transport.renew(),
    renewLinks: () => linkServer?.drain(),
  });
  const { secret } = renewal;
  if (secret.source.kind === 'file') log.info(`the discovery key is in ${secret.source.path}`);
  const credentials = createCredentials({ instance: id, service: serviceName, ring: () => secret.ring, clock, random });

  // Who the others are.
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
  const servicesAt = (origin: string) => directory.atUrl(origin).flatMap(({ isUp, service }) => (isUp ? [service] : []));
  const certificates = createCertificates(options.tls, servicesAt, renewal.set);
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
  const confirms = ({ socket }: IncomingMessage, service: string) =>
    certificates.confirms(socket as TLSSocket, service) && (options.tls.trustDomain === undefined || !ages.isOver(socket));
  const admission = createAdmission({
    confirms,
    isFormer: ages.isFormer,
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
    if (isClosed) return () => {};
    const ends = [renewal.serve(server)];
    if (linkServer !== undefined) {
      ends.push(linkServer.serve(server, prototypes));
      const admit = (token: string) => credentials.verifyCallerToken(token, credentials.nowSeconds());
      ends.push(openDoor(id, server, prototypes(), admit));
    }
    return () => {
      for (const end of ends.reverse()) end();
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
      transport: { request: overHttp, forget: transport.forget },
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
        renewal.close();
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
    reload: renewal.reload,
    certificates: renewal.forServer,
    isReady,
    readiness: createReadiness(isReady),
    context: admission.context,
    lifetime: admission.lifetime,
    close(times, stopServing = async () => {}) {
      closing ??= end(times, stopServing);
      return closing;
    },
  };
}
