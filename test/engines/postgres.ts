import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { EngineProgram } from './engine.ts';
import { canConnect } from './engine.ts';

const VERSIONS = '/usr/lib/postgresql';

/** It refuses to run as root. */
function userOfPostgres(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m);
  return { uid: Number(entry?.[1] ?? 65_534), gid: Number(entry?.[2] ?? 65_534) };
}

const user = userOfPostgres();

export const POSTGRES: EngineProgram = {
  name: 'PostgreSQL',
  binary: 'postgres',
  debianPackage: 'postgresql',
  folders: existsSync(VERSIONS) ? readdirSync(VERSIONS).map((version) => path.join(VERSIONS, version, 'bin')) : [],
  needsUser: user,
  prepare(binary, folder) {
    const initdb = path.join(path.dirname(binary), 'initdb');
    const args = ['-D', folder, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(initdb, args, { stdio: 'pipe', ...(user ?? {}) });
  },
  args: ({ port, folder }) => [
    ...['-D', folder, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...['-c', 'fsync=off', '-c', 'max_connections=50'],
  ],
  probe: canConnect,
};
