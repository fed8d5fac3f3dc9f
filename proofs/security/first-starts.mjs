// Many processes that start at the same moment where there is no secret yet: they make one, and all of them use that.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFleet, progress } from '../fleet.mjs';

/** @param {{ processes: number, rounds: number }} options */
export async function firstStarts({ processes, rounds }) {
  const fleet = createFleet();
  const result = { starts: 0, secrets: 0, empty: 0, apart: 0 };
  try {
    const members = [];
    for (let at = 0; at < processes; at++) members.push(await fleet.start('first-start', { port: 0, peers: [] }));
    for (let round = 1; round <= rounds; round++) {
      const folder = mkdtempSync(join(tmpdir(), 'express-micro-first-'));
      try {
        const ports = await Promise.all(members.map((member) => member.ask({ what: 'start', folder })));
        const [own = ''] = readdirSync(folder);
        const files = readdirSync(join(folder, own));
        const secret = readFileSync(join(folder, own, files[0] ?? ''), 'utf8').trim();
        result.starts += ports.length;
        result.secrets = Math.max(result.secrets, files.length);
        if (secret.length < 32) result.empty += 1;
        const looks = await Promise.all(
          ports.map((port) =>
            fetch(`http://127.0.0.1:${port}/_discovery/services`, { headers: { authorization: `Bearer ${secret}` } }),
          ),
        );
        result.apart += looks.filter(({ status }) => status !== 200).length;
        await Promise.all(looks.map((look) => look.arrayBuffer()));
        await Promise.all(members.map((member) => member.ask({ what: 'stop' })));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      if (round % 10 === 0) progress(`first starts: round ${round} of ${rounds}`);
    }
    return result;
  } finally {
    fleet.close();
  }
}
