import { join } from 'node:path';
import { runNpm } from './command.mjs';
import { readPackages } from './workspaces.mjs';

/**
 * Packs every package as it would be published.
 * @param {string} root of a repository that was built
 * @param {string} folder where the tarballs go
 * @returns {Promise<Map<string, string>>} package name → path of its tarball
 */
export async function packAll(root, folder) {
  const packages = readPackages(root);
  /** @type {Map<string, string>} */
  const tarballs = new Map();
  for (const pkg of packages) {
    const { name, version } = pkg.manifest;
    const { ok, output } = await runNpm(['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      cwd: pkg.folder,
    });
    if (!ok) throw new Error(`${name} cannot be packed:\n${output}`);
    tarballs.set(name, join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`));
  }
  return tarballs;
}
