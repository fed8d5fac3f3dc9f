// The peers are installed when they are first compared with, below bench/peers: whoever uses or tests express-micro has none of them.
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isUnreachable, runNpm } from '../../tools/repo/command.mjs';
import { seconds } from '../../tools/repo/progress.mjs';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Installs what the lock file names, unless that is there. @param {(line: string) => void} say */
export async function installPeers(say) {
  const installed = `${FOLDER}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${FOLDER}package-lock.json`).mtimeMs) return;
  const startedMs = performance.now();
  say('speed: installing the peers to compare with (npm ci in bench/peers, about 100 MB, no scripts are run) …');
  const { ok, output } = await runNpm(['ci', '--ignore-scripts', '--prefer-offline'], { cwd: FOLDER, timeoutMs: 300_000 });
  if (ok) return say(`speed: the peers are installed (${seconds(startedMs)})`);
  const why = isUnreachable(output) ? 'No registry can be reached. Connect once; they stay in bench/peers.' : output.trim();
  throw new Error(`The peers cannot be installed, so nothing was compared. ${why}`);
}
