import { Resolver } from 'node:dns/promises';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Engine, type EngineProgram, startEngine } from './engine.ts';

const ZONE = 'mesh.test';

/** Knot, which reads its zone again when it is told to, as the DNS of a cluster that changes. */
export const DNS: EngineProgram = {
  name: 'DNS',
  binary: 'knotd',
  debianPackage: 'knot',
  prepare(_binary, folder, port) {
    writeZone(folder, [], 1);
    const lines = [
      'server:',
      `  listen: 127.0.0.1@${port}`,
      `  rundir: ${folder}`,
      'log:',
      '  - target: stderr',
      '    any: error',
      'database:',
      `  storage: ${folder}`,
      'zone:',
      `  - domain: ${ZONE}`,
      `    file: ${folder}/zone`,
      '    zonefile-sync: -1',
      '    journal-content: none',
    ];
    writeFileSync(path.join(folder, 'knot.conf'), `${lines.join('\n')}\n`);
  },
  args: ({ folder }) => ['--config', `${folder}/knot.conf`],
  probe: (port) => resolverAt(port).resolveSoa(ZONE),
};

function writeZone(folder: string, records: readonly string[], serial: number): void {
  const head = [`$ORIGIN ${ZONE}.`, '$TTL 1', `@ SOA ns hostmaster ${serial} 60 60 60 1`, '@ NS ns', 'ns A 127.0.0.1'];
  writeFileSync(path.join(folder, 'zone'), `${[...head, ...records].join('\n')}\n`);
}

export function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ timeout: 250, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

export interface DnsEngine extends Engine {
  /** The records of the zone from now on, in its own form: `apps A 127.0.0.2`. Resolves when they are served, if it runs. */
  publish(records: readonly string[]): Promise<void>;
}

export async function startDns(): Promise<DnsEngine> {
  const engine = await startEngine(DNS);
  const resolver = resolverAt(engine.port);
  let serial = 1;
  return {
    ...engine,
    async publish(records) {
      serial += 1;
      const written = serial;
      writeZone(engine.folder, records, written);
      // Told while it reads, it may not hear.
      for (let look = 0; engine.isRunning(); look += 1) {
        if (look % 50 === 0) engine.reload();
        const served = await resolver.resolveSoa(ZONE).catch(() => undefined);
        if (served !== undefined && served.serial >= written) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}
