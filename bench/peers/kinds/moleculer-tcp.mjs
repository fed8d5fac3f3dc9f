// Two Moleculer nodes over its own TCP transporter, which need no broker; found by an address, not by broadcast.
import { createServer } from 'node:net';
import { ServiceBroker } from 'moleculer';
import { orderOf } from '../answer.mjs';

const quiet = { logger: false, metrics: false, tracing: false };

export async function serve() {
  const port = await freePort();
  const transporter = { type: 'TCP', options: { udpDiscovery: false, port, urls: [`127.0.0.1:${port}/server`] } };
  const broker = new ServiceBroker({ ...quiet, nodeID: 'server', transporter });
  broker.createService({ name: 'orders', actions: { find: ({ params }) => orderOf(params.userId) } });
  await broker.start();
  return String(port);
}

export async function connect(port) {
  const own = await freePort();
  const urls = [`127.0.0.1:${port}/server`, `127.0.0.1:${own}/client`];
  const transporter = { type: 'TCP', options: { udpDiscovery: false, port: own, urls } };
  const broker = new ServiceBroker({ ...quiet, nodeID: 'client', transporter });
  await broker.start();
  await broker.waitForServices('orders', 10_000);
  return (userId) => broker.call('orders.find', { userId });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
