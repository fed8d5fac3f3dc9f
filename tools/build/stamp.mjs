import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** @typedef {import('../repo/workspaces.mjs').Package} Package */

/**
 * Remembers what a build was made from and what it gave. A package is fresh while both are byte for byte the same:
 * an edited source, a newer bundler, an edited tool, a missing or changed file in `dist` all make it stale.
 * @param {string} root
 * @param {Package} pkg
 */
export function createStamp(root, pkg) {
  const path = join(root, '.cache', 'build', `${pkg.room}.json`);
  const dist = join(pkg.folder, 'dist');
  const inputs = () => digest(root, [join(pkg.folder, 'src'), join(pkg.folder, 'package.json'), ...shared(root)]);
  return {
    isFresh() {
      try {
        const kept = JSON.parse(readFileSync(path, 'utf8'));
        return kept.inputs === inputs() && kept.outputs === digest(root, [dist]);
      } catch {
        return false;
      }
    },
    /** @param {string} inputsBefore taken before the build, so that an edit during it is not lost */
    keep(inputsBefore) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${JSON.stringify({ inputs: inputsBefore, outputs: digest(root, [dist]) }, null, 2)}\n`);
    },
    inputs,
  };
}

/** What every package is built with. @param {string} root */
function shared(root) {
  return ['package-lock.json', 'tsconfig.base.json', 'tools/build', 'tools/build.mjs', 'tools/repo/workspaces.mjs'].map((path) =>
    join(root, path),
  );
}

/** @param {string} root @param {readonly string[]} paths of files and folders; what is missing counts as empty */
function digest(root, paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesIn)) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} path @returns {string[]} */
function filesIn(path) {
  try {
    return readdirSync(path, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((item) => (item.isDirectory() ? filesIn(join(path, item.name)) : [join(path, item.name)]));
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOTDIR') return [path];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
