import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServicesProxy, type Invoker } from './call/services.ts';
import { createMesh } from './mesh.ts';
import type { Mesh } from './mesh-api.ts';
import type { ResolvedOptions } from './options.ts';
import type { RouteDescriptor } from './routes/descriptor.ts';
import type { MemoryNetwork, Place } from './testing/memory-network.ts';

/** Services of which no type says anything: each front door knows its own. */
export type AnyServices = Mesh['services'];

/** One process of a test: a real mesh, made with nothing from outside, at a place on the network of the test. */
export interface Part {
  readonly network: MemoryNetwork;
  readonly place: Place;
  readonly mesh: Mesh;
  readonly stopListening: () => void;
}

export interface Role {
  readonly options: ResolvedOptions;
  readonly routes: () => readonly RouteDescriptor[];
  /** Takes the requests. */
  readonly handle: (mesh: Mesh, req: IncomingMessage, res: ServerResponse) => void;
}

/** Leaving in a test: everybody hears it at once, and nobody is waited for. */
const AT_ONCE = Object.freeze({ serveOnMs: 0, inFlightMs: 0, limitMs: 1_000, isForStrangersToo: false });

export function beginPart(network: MemoryNetwork, place: Place, { options, routes, handle }: Role): Part {
  const { clock, random, env, transport, source, service } = place;
  const ofPlace: Partial<ResolvedOptions> = {
    serviceName: service,
    source,
    peers: [],
    host: undefined,
    port: undefined,
    ipWhitelist: undefined,
    // No connection is TLS here, so none could show a name.
    tls: Object.freeze({ ...options.tls, trustDomain: undefined }),
    transport: 'http',
  };
  const mesh = createMesh({ ...options, ...ofPlace }, { routes, clock, random, env, transport });
  const stopListening = place.listen((req, res) => handle(mesh, req, res));
  return { network, place, mesh, stopListening };
}

export function joinPart({ mesh, place }: Part): void {
  mesh.join({ protocol: 'http', host: place.address, port: place.port });
}

/** Tells the others, and ends. */
export async function endPart({ network, mesh, stopListening }: Part): Promise<void> {
  await network.pace.whileWaiting(() => mesh.close(AT_ONCE));
  stopListening();
}

/** Ends without a word. */
export function crashPart({ network, place, mesh, stopListening }: Part): void {
  stopListening();
  network.breakOff(place);
  network.roster.lose(place.url);
  void network.pace.whileWaiting(() => mesh.close(AT_ONCE));
}

/** The services as a part calls them: the network knows of each call, and lets time pass while it waits. */
export function servicesOf(part: () => Part): AnyServices {
  // biome-ignore lint/suspicious/noExplicitAny: names as the caller wrote them, which no type knows here.
  const named = (service: string): any => part().mesh.services[service];
  const calling = async <T>(run: () => Promise<T>): Promise<T> => part().network.call(run);
  const invoker: Invoker = {
    call: (service, name, args, given) => calling(() => named(service)[name](args, given)),
    request: (service, name, request) => calling(() => named(service)[name].request(request)),
    stream: (service, name, request) => calling(() => named(service)[name].stream(request)),
    serviceNames: () => namesOrNone(() => Object.keys(part().mesh.services)),
    functionNames: (service) => namesOrNone(() => Object.keys(named(service))),
  };
  return createServicesProxy(invoker);
}

/** To look at the services of an app that plays no part is no mistake yet. */
function namesOrNone(names: () => string[]): string[] {
  try {
    return names();
  } catch {
    return [];
  }
}
