import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One target of a package's `exports`, and the files that stand behind it.
 * @typedef {object} Entry
 * @property {string} subpath as in `exports`: `.` or `./redis`
 * @property {string} name of the files in `dist`: `index`, `redis`
 * @property {string} source relative to the package: `./src/index.ts`
 */

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {Record<string, any>} exports
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies] what goes out within its build
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 */

/**
 * @typedef {object} Package
 * @property {string} room its folder below `packages/`
 * @property {string} folder absolute
 * @property {Manifest} manifest
 * @property {Entry[]} entries
 */

/**
 * The packages below `packages/`, each after those it depends on.
 * @param {string} root
 * @returns {Package[]}
 */
export function readPackages(root) {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map((item) => readPackage(root, item.name))
    .filter((found) => found !== undefined);
  return inDependencyOrder(packages);
}

/**
 * @param {string} root
 * @param {string} room
 * @returns {Package | undefined} nothing for a folder that holds no package
 */
function readPackage(root, room) {
  const folder = join(root, 'packages', room);
  let text;
  try {
    text = readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return undefined;
  }
  const manifest = JSON.parse(text);
  return { room, folder, manifest, entries: entriesOf(manifest) };
}

/**
 * @param {Manifest} manifest
 * @returns {Entry[]}
 */
function entriesOf(manifest) {
  const targets = Object.entries(manifest.exports ?? {}).filter(([subpath]) => subpath !== './package.json');
  return targets.map(([subpath, target]) => {
    const bundle = /^\.\/dist\/(.+)\.cjs$/.exec(target?.require?.default ?? '');
    if (!target?.source || !bundle?.[1]) {
      throw new Error(
        `${manifest.name}: exports["${subpath}"] needs "source": "./src/….ts" and "require": { "default": "./dist/….cjs" }.`,
      );
    }
    return { subpath, name: bundle[1], source: target.source };
  });
}

/**
 * @param {readonly Package[]} packages
 * @returns {Package[]}
 */
export function inDependencyOrder(packages) {
  const byName = new Map(packages.map((each) => [each.manifest.name, each]));
  /** @type {Set<Package>} */
  const ordered = new Set();
  /** @param {Package} each @param {readonly string[]} path */
  const place = (each, path) => {
    const name = each.manifest.name;
    if (path.includes(name)) throw new Error(`Packages depend on each other in a circle: ${[...path, name].join(' → ')}.`);
    for (const dependency of Object.keys(each.manifest.dependencies ?? {})) {
      const inner = byName.get(dependency);
      if (inner && !ordered.has(inner)) place(inner, [...path, name]);
    }
    ordered.add(each);
  };
  for (const each of packages) place(each, []);
  return [...ordered];
}
