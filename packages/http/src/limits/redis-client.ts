/** What is used of a client of `redis` (node-redis 4 and later). */
export interface NodeRedisLike {
  readonly isReady: boolean;
  sendCommand(command: string[]): Promise<unknown>;
}

/** What is used of a cluster client of `redis`: it has to be told where a command goes. */
export interface NodeRedisClusterLike {
  readonly masters: readonly unknown[];
  sendCommand(firstKey: string, isReadonly: boolean, command: string[]): Promise<unknown>;
}

/** What is used of `ioredis`, of one server or a cluster. */
export interface IoredisLike {
  readonly status: string;
  call(command: string, args: string[]): Promise<unknown>;
}

export type RedisLike = NodeRedisLike | NodeRedisClusterLike | IoredisLike;

/** Sends a command about one key. */
export type Send = (key: string, name: string, args: string[]) => Promise<unknown>;

/** Both clients keep commands for when they are connected again; a count that comes so late is worse than none. */
const NOT_CONNECTED = 'the client is not connected';

export function isRedisLike(value: unknown): value is RedisLike {
  const isThing = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const client = value as { call?: unknown; sendCommand?: unknown };
  return isThing && (typeof client.call === 'function' || typeof client.sendCommand === 'function');
}

export function overClient(client: RedisLike): Send {
  if ('call' in client) {
    return async (_key, name, args) => {
      // One that was made with `lazyConnect` connects with its first command.
      if (client.status !== 'ready' && client.status !== 'wait') throw new Error(NOT_CONNECTED);
      return client.call(name, args);
    };
  }
  if ('masters' in client) return (key, name, args) => client.sendCommand(key, false, [name, ...args]);
  return async (_key, name, args) => {
    if (!client.isReady) throw new Error(NOT_CONNECTED);
    return client.sendCommand([name, ...args]);
  };
}

/** An emitter without a listener for errors ends the process with the first; that the engine is lost is told by the store. */
export function surviveErrors(client: object): void {
  const { on } = client as { on?: (event: string, listener: () => void) => unknown };
  on?.call(client, 'error', () => {});
}
