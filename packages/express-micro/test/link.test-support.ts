import type { Server, Socket } from 'node:net';

export { shutDoors, untilLinked } from '../../../test/together/link-parity.test-support.ts';

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
