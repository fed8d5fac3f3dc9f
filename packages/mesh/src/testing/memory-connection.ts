import type { AsyncResource } from 'node:async_hooks';
import type { Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';

interface End {
  readonly address: string;
  readonly port: number;
}

/** Both ends of a connection without a network. Node's own HTTP speaks over it, so that an app sees what it sees elsewhere. */
export interface MemoryConnection {
  readonly near: Duplex;
  readonly far: Duplex;
  /** Breaks it, as a process does that ends. */
  reset(): void;
}

/** @param root nobody's context: what a server does for a request is not part of what its caller does */
export function connect(root: AsyncResource, server: Server, from: End, to: End, onFar: (far: Duplex) => void): MemoryConnection {
  const [near, far] = duplexPair();
  const reset = (): void => {
    near.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    far.destroy();
  };
  dressUp(far, from, to);
  // A pair of streams ends half by half; a connection that is gone is gone on both sides.
  near.once('close', () => far.destroy());
  far.once('close', () => {
    if (!far.writableFinished) reset();
  });
  // Told to whoever reads or writes; by itself it must not end the process.
  near.on('error', () => {});
  far.on('error', () => {});
  onFar(far);
  root.runInAsyncScope(() => server.emit('connection', far));
  return { near, far, reset };
}

/** What apps and their middleware ask of a socket. */
function dressUp(socket: Duplex, from: End, to: End): void {
  const same = (): Duplex => socket;
  Object.assign(socket, {
    remoteAddress: from.address,
    remotePort: from.port,
    remoteFamily: 'IPv4',
    localAddress: to.address,
    localPort: to.port,
    localFamily: 'IPv4',
    address: () => ({ address: to.address, family: 'IPv4', port: to.port }),
    setTimeout: same,
    setNoDelay: same,
    setKeepAlive: same,
    ref: same,
    unref: same,
  });
}
