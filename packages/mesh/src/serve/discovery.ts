import { parseUntrustedJson } from '@express-micro/core';
import type { Directory, Instance } from '../directory/directory.ts';
import { isCallable } from '../directory/directory.ts';
import { parseMessage } from '../membership/message-codec.ts';
import type { PeerMessage } from '../membership/messages.ts';
import type { RouteTable } from '../routes/naming.ts';
import type { MemberSource } from '../sources/source.ts';

/** Everything below this path is the mesh's; the application's own routes never see it. */
export const DISCOVERY_PATH = '/_discovery';

interface DiscoverySelf {
  readonly id: string;
  readonly service: string;
  /** `undefined` until the port is known. */
  readonly url: string | undefined;
  readonly routesHash: string;
  readonly table: RouteTable;
}

export interface DiscoveryEndpoints {
  readonly self: () => DiscoverySelf;
  readonly directory: Directory;
  /** `undefined` until the mesh has started. */
  readonly source: () => MemberSource | undefined;
  readonly maxMembers: number;
}

export interface EndpointAnswer {
  readonly status: 200 | 400 | 404 | 405 | 503;
  readonly body: unknown;
  readonly allow?: string;
}

export interface DiscoveryRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Id of the member who signed it, if anybody did. */
  readonly sender: string | undefined;
}

const METHODS: Readonly<Record<string, string>> = {
  [`${DISCOVERY_PATH}/services`]: 'GET',
  [`${DISCOVERY_PATH}/register`]: 'POST',
  [`${DISCOVERY_PATH}/ping`]: 'POST',
};

/** Answers a discovery request whose sender has been admitted and whose body has been read. */
export async function answerDiscovery(endpoints: DiscoveryEndpoints, request: DiscoveryRequest): Promise<EndpointAnswer> {
  const allow = METHODS[request.path];
  if (allow === undefined) return { status: 404, body: { error: 'Not Found', endpoints: Object.keys(METHODS) } };
  if (request.method !== allow) return { status: 405, allow, body: { error: 'Method Not Allowed', allow } };
  if (allow === 'GET') return { status: 200, body: describe(endpoints, request.query.get('only') === 'self') };

  const message = readMessage(request, endpoints.maxMembers);
  if (typeof message === 'string') return { status: 400, body: { error: 'Bad Request', detail: message } };
  const kind = request.path.endsWith('/ping') ? 'ping' : 'register';
  if (kind === 'ping' && Object.keys(message).length === 0) return { status: 200, body: { status: 'OK' } };
  const source = endpoints.source();
  if (source?.receive === undefined) {
    return { status: 503, body: { error: 'Service Unavailable', detail: 'this process is not part of the mesh yet' } };
  }
  return { status: 200, body: await source.receive(kind, request.sender, message) };
}

/** The message, or what is wrong with it. One without a body may have a hash in its query. */
function readMessage({ body, query, sender }: DiscoveryRequest, maxMembers: number): PeerMessage | string {
  try {
    const value = body.length === 0 ? { digest: query.get('digest') } : parseUntrustedJson(body.toString('utf8'));
    return parseMessage(value, sender, maxMembers);
  } catch (error) {
    return `the body is ${(error as Error).message}`;
  }
}

function describe({ self, directory }: DiscoveryEndpoints, onlySelf: boolean): unknown {
  const { id, service, url, routesHash, table } = self();
  const thisService = { name: service, url: url ?? null, id, routesHash, routes: listRoutes(table) };
  if (onlySelf) return { thisService };
  const connectedPeers: Record<string, unknown> = Object.create(null);
  for (const entry of directory.services()) {
    const instances = [...entry.instances.values()].filter((instance) => !instance.isSelf && instance.known !== undefined);
    if (instances.length === 0) continue;
    const shown = instances.find(isCallable) ?? (instances[0] as Instance);
    connectedPeers[entry.name] = {
      url: shown.url,
      routes: listRoutes(shown.known?.table),
      status: isCallable(shown) ? 'UP' : 'DOWN',
      instances: instances.map((instance) => ({
        id: instance.id,
        url: instance.url,
        status: isCallable(instance) ? 'UP' : 'DOWN',
        incarnation: instance.incarnation,
      })),
    };
  }
  return { thisService, connectedPeers };
}

/** An answer has an end for who reads it, and which errors a route declares is what can be left out of it. */
const MAX_DECLARED = 4_000;

/** `path` is for people, `paths` for machines: the same, but for routes with several. */
function listRoutes(table: RouteTable | undefined): unknown[] {
  let left = MAX_DECLARED;
  return (table?.routes ?? []).map(({ declares, ...route }) => {
    left -= Object.keys(declares ?? {}).length;
    return { ...route, ...(declares !== undefined && left >= 0 && { declares }), path: route.paths[0] };
  });
}
