import { canConnect, type EngineProgram } from './engine.ts';

export const ETCD: EngineProgram = {
  name: 'etcd',
  binary: 'etcd',
  debianPackage: 'etcd-server',
  args: ({ port, otherPort, folder }) => [
    ...['--data-dir', `${folder}/etcd`, '--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error'],
    ...['--listen-client-urls', `http://127.0.0.1:${port}`, '--advertise-client-urls', `http://127.0.0.1:${port}`],
    ...['--listen-peer-urls', `http://127.0.0.1:${otherPort}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${otherPort}`],
    ...['--initial-cluster', `default=http://127.0.0.1:${otherPort}`],
  ],
  // It listens before it has elected itself, and answers nothing until then.
  probe: async (port) => {
    await canConnect(port);
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    if (!response.ok) throw new Error(`status ${response.status}`);
  },
};
