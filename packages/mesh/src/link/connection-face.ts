import { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';

/** What is asked of a connection, wherever it comes from. */
export type ConnectionFacts = Partial<Socket> & { readonly encrypted?: boolean };

/**
 * An `EventEmitter` that was not begun: Node's own methods make what they need at the first listener, and hardly any call gets
 * one. Beginning it costs what making the rest of a call's face costs.
 */
const BareEmitter = function BareEmitter() {} as unknown as { new (): EventEmitter; prototype: EventEmitter };
Object.setPrototypeOf(BareEmitter.prototype, EventEmitter.prototype);

/** What `req.socket` is asked and told without anything coming of it, because the connection is not the call's own. */
export abstract class ConnectionFace extends BareEmitter {
  abstract readonly carrier: { readonly server: Server; readonly connection: ConnectionFacts };
  abstract destroyed: boolean;
  protected abstract chunkBytes: number;

  cork(): void {}
  uncork(): void {}
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setEncoding(): this {
    return this;
  }
  address(): unknown {
    return this.carrier.connection.address?.() ?? {};
  }

  get server(): Server {
    return this.carrier.server;
  }
  get readable(): boolean {
    return !this.destroyed;
  }
  get writable(): boolean {
    return !this.destroyed;
  }
  get readyState(): string {
    return this.destroyed ? 'closed' : 'open';
  }
  get connecting(): boolean {
    return false;
  }
  get pending(): boolean {
    return false;
  }
  get writableLength(): number {
    return this.chunkBytes;
  }
  get readableHighWaterMark(): number {
    return HIGH_WATER_MARK;
  }
  get writableHighWaterMark(): number {
    return HIGH_WATER_MARK;
  }
}

const HIGH_WATER_MARK = 65_536;

/** What is the connection's own, and can only be read. */
const OF_THE_CONNECTION = [
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'localAddress',
  'localPort',
  'localFamily',
  'bytesRead',
  'bytesWritten',
  'encrypted',
  'authorized',
  'authorizationError',
  'alpnProtocol',
  'servername',
] as const;
const ASKED_OF_TLS = [
  'getPeerCertificate',
  'getPeerX509Certificate',
  'getCertificate',
  'getX509Certificate',
  'getCipher',
  'getProtocol',
  'getSession',
  'getTLSTicket',
  'getFinished',
  'getPeerFinished',
  'getSharedSigalgs',
  'isSessionReused',
  'exportKeyingMaterial',
] as const;
for (const name of OF_THE_CONNECTION) {
  Object.defineProperty(ConnectionFace.prototype, name, {
    configurable: true,
    get(this: ConnectionFace) {
      return Reflect.get(this.carrier.connection, name);
    },
  });
}
for (const name of ASKED_OF_TLS) {
  Object.defineProperty(ConnectionFace.prototype, name, {
    configurable: true,
    get(this: ConnectionFace) {
      const { connection } = this.carrier;
      const method: unknown = Reflect.get(connection, name);
      return typeof method === 'function' ? method.bind(connection) : undefined;
    },
  });
}
