import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import fastifyMicro, { type FastifyMicroOptions } from '../src/index.ts';

/** Fresh for each test file: fleets of different files never meet. */
process.env.EXPRESS_DISCOVERY_KEY ??= randomBytes(24).toString('base64url');

export const PING_INTERVAL_MS = 1_000;

export interface Started {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly warnings: string[];
}

const running: FastifyInstance[] = [];

/** Whatever a test has made ends after it. */
export function ends<App extends FastifyInstance>(app: App): App {
  running.push(app);
  return app;
}

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((app) => app.close()));
}

/** One app as a user would write it: plugin, routes, listen. */
export async function start(
  serviceName: string,
  declare: (app: FastifyInstance) => unknown = () => {},
  { fastify = {}, ...options }: FastifyMicroOptions & { readonly fastify?: FastifyServerOptions } = {},
): Promise<Started> {
  const warnings: string[] = [];
  const say = (message: string) => void warnings.push(message);
  const app = ends(Fastify(fastify));
  await app.register(fastifyMicro, {
    serviceName,
    pingInterval: PING_INTERVAL_MS,
    log: { info: () => {}, warn: say, error: say },
    ...options,
  });
  await declare(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, url: app.listeningOrigin, warnings };
}

export function bearer(): Record<string, string> {
  return { authorization: `Bearer ${process.env.EXPRESS_DISCOVERY_KEY}` };
}
