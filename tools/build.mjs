import { bundlePackage } from './build/bundle.mjs';
import { createStamp } from './build/stamp.mjs';
import { isMain, REPOSITORY } from './repo/command.mjs';
import { seconds } from './repo/progress.mjs';
import { readPackages } from './repo/workspaces.mjs';

/**
 * Builds every package, each after those it depends on. What is unchanged since its last build is left as it is.
 * @param {string} root
 * @param {{ force?: boolean, say?: (line: string) => void }} [options] `force` builds what is fresh too
 * @returns {Promise<{ built: string[], fresh: string[] }>}
 */
export async function buildAll(root, { force = false, say = console.log } = {}) {
  const packages = readPackages(root);
  if (packages.length === 0) throw new Error(`No package below ${root}/packages: nothing to build.`);

  /** @type {string[]} */
  const built = [];
  /** @type {string[]} */
  const fresh = [];
  for (const pkg of packages) {
    const { name } = pkg.manifest;
    const stamp = createStamp(root, pkg);
    if (!force && stamp.isFresh()) {
      fresh.push(name);
      continue;
    }
    const startedMs = performance.now();
    const inputs = stamp.inputs();
    await bundlePackage(pkg);
    stamp.keep(inputs);
    built.push(name);
    say(`built ${name}: ${pkg.entries.map((entry) => entry.subpath).join(', ')} (${seconds(startedMs)})`);
  }
  if (fresh.length > 0) say(`unchanged: ${fresh.join(', ')}`);
  return { built, fresh };
}

if (isMain(import.meta.url)) {
  try {
    await buildAll(REPOSITORY, { force: process.argv.includes('--force') });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
