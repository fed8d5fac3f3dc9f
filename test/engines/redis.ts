import { connect } from 'node:net';
import type { EngineProgram } from './engine.ts';

export const REDIS: EngineProgram = {
  name: 'Redis',
  binary: 'redis-server',
  debianPackage: 'redis-server',
  // Nothing is written to disk: a Redis that was killed comes back empty, as most that hold leases do.
  args: ({ port, folder }) => ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
  probe: (port) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('error', reject);
      socket.once('data', (answer) => {
        socket.destroy();
        if (answer.toString().startsWith('+PONG')) resolve();
        else reject(new Error(answer.toString()));
      });
    }),
};
