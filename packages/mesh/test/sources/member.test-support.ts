import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock, systemRandom } from '@express-micro/core';
import type { InstanceInfo } from '../../src/directory/directory.ts';
import { createMesh } from '../../src/mesh.ts';
import type { Mesh } from '../../src/mesh-api.ts';
import { type MeshOptions, resolveMeshOptions } from '../../src/options.ts';
import type { RouteDescriptor } from '../../src/routes/descriptor.ts';
import type { SourceEvent } from '../../src/sources/source.ts';

process.env.EXPRESS_DISCOVERY_KEY ??= systemRandom.bytes(24).toString('base64url');

/** One service of the fleet, with everything that it was told. */
export interface TestMember {
  readonly service: string;
  readonly url: string;
  readonly mesh: Mesh;
  readonly warnings: readonly string[];
  /** Instances that were told as gone. */
  readonly downs: readonly InstanceInfo[];
  readonly engine: readonly SourceEvent[];
  up(service: string): InstanceInfo[];
  /** Declares one more route. */
  addRoute(route: RouteDescriptor): void;
  leave(): Promise<void>;
  /** As kill -9: whoever connects is refused, and nobody is told. */
  crash(): Promise<void>;
  /** As SIGSTOP: its sockets are open, and nothing comes out of them. */
  freeze(): void;
}

/** Leaves at once: nobody in these tests is served while he goes. */
const NO_DRAIN = { serveOnMs: 0, inFlightMs: 0, limitMs: 1_000, isForStrangersToo: false };

export interface TestMemberOptions {
  readonly service: string;
  readonly pingIntervalMs: number;
  readonly port?: number;
  /** Asked when the address is known. */
  readonly found: (url: string) => Promise<Pick<MeshOptions, 'peers' | 'source'>>;
}

/** A service of its own: a server, a mesh, one route that says which instance answered. */
export async function startMember({ service, pingIntervalMs, port = 0, found }: TestMemberOptions): Promise<TestMember> {
  const warnings: string[] = [];
  const downs: InstanceInfo[] = [];
  const events: SourceEvent[] = [];
  const routes: RouteDescriptor[] = [{ method: 'GET', paths: ['/port'] }];
  let isDead = false;
  let mesh: Mesh | undefined;
  const say = (message: string) => void warnings.push(message);

  const server = http.createServer((req, res) => {
    if (isDead) return;
    // Whoever looks at the address before there is a mesh finds nobody.
    if (mesh === undefined) return void res.writeHead(503).end();
    mesh.front(req, res, () => {
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify((server.address() as AddressInfo).port));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Over HTTP: within one process there would be no connection that can be refused.
  const options = resolveMeshOptions('test()', {
    serviceName: service,
    pingInterval: pingIntervalMs,
    transport: 'http',
    log: { info: say, warn: say, error: say },
    ...(await found(url)),
  });
  const started = createMesh(options, { routes: () => routes, clock: stoppable(() => isDead) });
  mesh = started;
  started.on('change', (instance) => instance.status === 'DOWN' && downs.push(instance));
  started.on('source', (event) => events.push(event));
  started.join({ protocol: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port });

  function closeServer(): Promise<void> {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  }
  let ending: Promise<void> | undefined;
  return {
    service,
    url,
    mesh: started,
    warnings,
    downs,
    engine: events,
    up: (name) => started.instances(name).filter(({ status }) => status === 'UP'),
    addRoute: (route) => void routes.push(route),
    leave() {
      // Also the dead have to be cleared away.
      isDead = false;
      ending ??= started.close(NO_DRAIN, closeServer);
      return ending;
    },
    crash() {
      isDead = true;
      return closeServer();
    },
    freeze() {
      isDead = true;
    },
  };
}

/** A clock whose timers do nothing any more when the process is dead. */
function stoppable(isDead: () => boolean): Clock {
  const unlessDead = (run: () => void) => () => {
    if (!isDead()) run();
  };
  return {
    ...systemClock,
    after: (delayMs, run, options) => systemClock.after(delayMs, unlessDead(run), options),
    every: (intervalMs, run, options) => systemClock.every(intervalMs, unlessDead(run), options),
  };
}

/** Looks again and again until it is so; fails with what it saw last. Answers how long it took. */
export async function until<T>(what: string, look: () => T, isSo: (seen: T) => boolean, withinMs: number): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const seen = look();
    const tookMs = performance.now() - startedMs;
    if (isSo(seen)) return tookMs;
    if (tookMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
