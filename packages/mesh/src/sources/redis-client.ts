/** What is used of a client of `redis` (node-redis 4 and later). */
export interface NodeRedisClient {
  readonly isReady: boolean;
  /** False as long as `connect()` was not called. */
  readonly isOpen: boolean;
  sendCommand(command: string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'ready', listener: () => void): unknown;
}

interface NodeRedisSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  disconnect(): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What is used of a client of `ioredis`. */
export interface IoredisClient {
  readonly status: string;
  call(command: string, args: string[]): Promise<unknown>;
  duplicate(options: { readonly autoResubscribe: boolean }): IoredisSubscriber;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'ready', listener: () => void): unknown;
}

interface IoredisSubscriber {
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  on(event: 'message' | 'ready', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export type RedisClient = NodeRedisClient | IoredisClient;

/** Both clients behind one face. */
export interface Redis {
  /** Resolves when the client is connected. */
  ready(): Promise<void>;
  command(name: string, args: string[]): Promise<unknown>;
  /** Listens on a connection of its own: one that subscribes can do nothing else. Answers how to stop. */
  subscribe(channel: string, onMessage: () => void): { readonly subscribed: Promise<unknown>; readonly stop: () => void };
}

const ignore = (): void => {};

export function overRedis(client: RedisClient): Redis {
  return 'call' in client ? overIoredis(client) : overNodeRedis(client);
}

/** An emitter without a listener for errors ends the process with the first; that the engine is lost is told by the source. */
export function surviveErrors(client: { on(event: 'error', listener: (error: Error) => void): unknown }): void {
  client.on('error', ignore);
}

/** Both keep commands for the time when they are connected again; a renewal that comes so late is worse than none. */
const NOT_CONNECTED = 'the client is not connected';

/** One listener, however often it is asked for. */
function whenReady(client: RedisClient): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= new Promise<void>((resolve) => client.once('ready', resolve)).finally(() => {
      waiting = undefined;
    });
    return waiting;
  };
}

function overNodeRedis(client: NodeRedisClient): Redis {
  const onceReady = whenReady(client);
  return {
    async ready() {
      if (!client.isOpen) throw new Error('the client is closed: call its connect()');
      if (!client.isReady) await onceReady();
    },
    async command(name, args) {
      if (!client.isReady) throw new Error(NOT_CONNECTED);
      return client.sendCommand([name, ...args]);
    },
    subscribe(channel, onMessage) {
      const subscriber = client.duplicate();
      surviveErrors(subscriber);
      let isStopped = false;
      // Of one that is not open yet it fails; so it is done again when it is.
      const end = (): void =>
        void Promise.resolve()
          .then(() => subscriber.disconnect())
          .catch(ignore);
      const subscribed = subscriber.connect().then(() => (isStopped ? end() : subscriber.subscribe(channel, onMessage)));
      const stop = (): void => {
        isStopped = true;
        end();
      };
      return { subscribed, stop };
    },
  };
}

function overIoredis(client: IoredisClient): Redis {
  const onceReady = whenReady(client);
  return {
    async ready() {
      // One that was made with `lazyConnect` connects with its first command.
      if (client.status !== 'ready' && client.status !== 'wait') await onceReady();
    },
    async command(name, args) {
      if (client.status !== 'ready' && client.status !== 'wait') throw new Error(NOT_CONNECTED);
      return client.call(name, args);
    },
    subscribe(channel, onMessage) {
      // By itself it subscribes again after each loss, and a failure of that (it is stopped, or lost once more) is caught by nobody: a
      // process would end by it.
      const subscriber = client.duplicate({ autoResubscribe: false });
      surviveErrors(subscriber);
      subscriber.on('message', onMessage);
      subscriber.on('ready', () => void subscriber.subscribe(channel).catch(ignore));
      return { subscribed: subscriber.subscribe(channel), stop: () => subscriber.disconnect() };
    },
  };
}
