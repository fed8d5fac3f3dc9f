// Listeners that are no members: what they are told, and where they send us.
import { createServer } from 'node:net';

/**
 * Answers everything with a redirect to `target`, if there is one, and keeps what it was sent.
 * @param {string} [target]
 */
export async function startListener(target) {
  /** @type {Buffer[]} */
  const heard = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(chunk);
      const status = target === undefined ? '200 OK' : `302 Found\r\nLocation: ${target}/_discovery/register`;
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\n{}`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    heard: () => Buffer.concat(heard).toString('latin1'),
    close: () => server.close(),
  };
}
