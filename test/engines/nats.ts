import { connect } from 'node:net';
import type { EngineProgram } from './engine.ts';

export const NATS: EngineProgram = {
  name: 'NATS',
  binary: 'nats-server',
  debianPackage: 'nats-server',
  args: ({ port, folder }) => ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', folder],
  probe: (port) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('data', () => {
        socket.destroy();
        resolve();
      });
    }),
};
