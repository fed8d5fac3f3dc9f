import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isUnreachable, runNpm } from '../../tools/repo/command.mjs';

/** The releases that express-micro is checked on, by line. */
export const NODE_VERSIONS = Object.freeze({ 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' });
/**
 * Where what is published is tried, too: the oldest that `engines` admits, the last one that does not say that a server listens, and
 * the last one that cannot require ES modules.
 */
export const OLDER_VERSIONS = Object.freeze(['20.19.0', '22.2.0', '22.11.0']);

/**
 * The binary of a Node release, from npm: real Node without an installer. Fetched once, then kept in `.cache`.
 * @param {string} root
 * @param {string} version
 * @returns {Promise<{ path: string } | { missing: string }>} `missing` says why
 */
export async function nodeBinary(root, version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(root, '.cache', `node-${version}`);
  const path = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(path)) return { path };
  const args = ['install', '--prefix', folder, `${name}@${version}`, '--no-save', '--no-package-lock', '--prefer-offline'];
  const { ok, output } = await runNpm(args, { cwd: root, timeoutMs: 180_000 });
  if (ok && existsSync(path)) return { path };
  if (isUnreachable(output))
    return { missing: 'no registry can be reached. Connect once, or put the binary at that place in .cache' };
  return { missing: `npm has no ${name}@${version} for this machine:\n${output.trim()}` };
}
