import type { Server, Socket } from 'node:net';
import type { Micro } from '../src/index.ts';
import { type Service, until } from './fleet.test-support.ts';

/** All services of a test live in one process, where calls need no link: shut, the doors let them use one. */
export function shutDoors(): () => void {
  const doors = (globalThis as Record<symbol, unknown>)[Symbol.for('express-micro.doors.1')] as Map<string, unknown>;
  const open = [...doors];
  doors.clear();
  return () => {
    for (const [id, door] of open) doors.set(id, door);
  };
}

/** Calls until the calls of this app go over a link. */
export async function untilLinked(from: Service, call: (services: Micro['services']) => Promise<unknown>): Promise<void> {
  shutDoors();
  await until(
    'a link',
    async () => {
      await call(from.micro.services).catch(() => {});
      return from.micro.counters();
    },
    ({ attemptsOverLink }) => attemptsOverLink > 0,
  );
}

/** Answers, once there is one, the connection of a server that became a link: Node has taken its HTTP parser off. */
export function linkOf(server: Server): () => Socket {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  return () => {
    const links = sockets.filter((socket) => !socket.destroyed && (Reflect.get(socket, 'parser') ?? null) === null);
    if (links.length !== 1) throw new Error(`${links.length} of ${sockets.length} connections are links`);
    return links[0] as Socket;
  };
}
