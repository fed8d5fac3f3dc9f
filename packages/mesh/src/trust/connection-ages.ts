import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Clock } from '@express-micro/core';

/** How long a connection that was verified by former authorities still says who comes over it: callers leave it with its next answer. */
const GRACE_MS = 10_000;

export interface ConnectionAges {
  /** Looks at the connections of a TLS server from now on. Answers how to stop. */
  watch(server: Server): () => void;
  /** Authorities were taken away: whatever is connected now was verified by the former ones. */
  turn(): void;
  /** Whether a connection of a watched server is from before the last turn. Others have nothing to do with our authorities. */
  isFormer(socket: object): boolean;
  /** The same, and its time is over. */
  isOver(socket: object): boolean;
}

/** A connection, as far as it is looked at. */
interface End {
  readonly server?: object | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
}

/**
 * Which connections were made under the authorities of now. A connection is of the moment in which it comes, and not of
 * that in which it is verified: whoever is slow with his handshake is verified by the authorities of its beginning.
 */
export function createConnectionAges(clock: Clock): ConnectionAges {
  let turns = 0;
  let turnedAtMs = 0;
  const ages = new WeakMap<object, number>();
  const watched = new WeakSet<object>();
  function isFormer(socket: object): boolean {
    if (turns === 0) return false;
    const { server } = socket as End;
    return server !== undefined && watched.has(server) && ages.get(socket) !== turns;
  }

  return {
    watch(server) {
      if (!(server instanceof TlsServer)) return () => {};
      watched.add(server);
      // The two events have objects of their own for one connection; both know its ends.
      const coming = new Map<string, number>();
      const onConnection = (socket: Socket) => {
        const ends = endsOf(socket);
        coming.set(ends, turns);
        socket.once('close', () => coming.delete(ends));
      };
      const onSecured = (socket: End) => ages.set(socket, coming.get(endsOf(socket)) ?? -1);
      // In front of Node's own listener, which begins the handshake.
      server.prependListener('connection', onConnection);
      server.prependListener('secureConnection', onSecured);
      return () => {
        watched.delete(server);
        server.off('connection', onConnection);
        server.off('secureConnection', onSecured);
      };
    },
    turn() {
      turns += 1;
      turnedAtMs = clock.monotonicMs();
    },
    isFormer,
    isOver: (socket) => isFormer(socket) && clock.monotonicMs() - turnedAtMs >= GRACE_MS,
  };
}

function endsOf({ remoteAddress, remotePort, localAddress }: End): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
