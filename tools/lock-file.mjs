import { writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isMain, REPOSITORY } from './repo/command.mjs';
import { readTree } from './repo/tree.mjs';

/** @typedef {import('./repo/tree.mjs').Tree} Tree */
/** @typedef {{ version?: string, optionalDependencies?: Record<string, string>, dev?: boolean, [key: string]: unknown }} Locked */

const LOCK = 'package-lock.json';

/**
 * The lock file names every binary of every platform. npm leaves out those that the registry at hand does not carry, and
 * `npm ci` then refuses the file everywhere. `--write` adds them: version and platform, without a hash that nobody here knows.
 * @param {Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  if (!tree.has(LOCK)) return { looked: 0, noun: 'package', findings: [{ file: LOCK, text: 'is missing.' }] };
  const packages = readLocked(tree);
  const findings = absent(packages).map(({ name, owner }) => ({
    file: LOCK,
    text: `has no entry for ${name}, an optional dependency of ${owner}. Add it: node tools/lock-file.mjs --write`,
  }));
  return { looked: Object.keys(packages).length, noun: 'package', findings };
}

/**
 * @param {Tree} tree
 * @returns {string} the lock file with the entries that it lacks
 */
export function completed(tree) {
  const lock = JSON.parse(tree.read(LOCK));
  for (const { name, version, isDev } of absent(lock.packages)) {
    const { cpu, os, libc } = platformOf(name);
    // In npm's own order, so that its next writing changes nothing.
    const entry = { version, cpu, ...(isDev ? { dev: true } : {}), ...(libc ? { libc } : {}), optional: true, os };
    lock.packages[`node_modules/${name}`] = entry;
  }
  const [root, ...others] = Object.keys(lock.packages);
  const order = [root ?? '', ...others.sort((a, b) => a.localeCompare(b, 'en'))];
  lock.packages = Object.fromEntries(order.map((path) => [path, lock.packages[path]]));
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** @param {Tree} tree @returns {Record<string, Locked>} */
function readLocked(tree) {
  return JSON.parse(tree.read(LOCK)).packages;
}

/** The optional dependencies without an entry. @param {Record<string, Locked>} packages */
function absent(packages) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev: isDev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !placesFor(path, name).some((place) => place in packages))
      .map(([name, version]) => ({ name, version, isDev, owner: path.replace(/^.*node_modules\//, '') })),
  );
}

/** Where Node looks for a dependency, the nearest first. @param {string} path @param {string} name @returns {string[]} */
function placesFor(path, name) {
  const place = posix.join(path, 'node_modules', name);
  const outer = path.lastIndexOf('node_modules/');
  if (path === '') return [place];
  return [place, ...placesFor(outer < 0 ? '' : path.slice(0, outer).replace(/\/$/, ''), name)];
}

/**
 * What a binary package runs on, from its name: `@oxlint/binding-linux-arm64-musl`.
 * @param {string} name
 */
export function platformOf(name) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = words.find((word) => ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].includes(word));
  const cpu = words.find((word) => ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'].includes(word));
  if (!os || !cpu) throw new Error(`${name} does not say on which platform it runs: write its entry by hand.`);
  const isMusl = words.some((word) => word.startsWith('musl'));
  return { cpu: [cpu], os: [os], libc: os === 'linux' ? [isMusl ? 'musl' : 'glibc'] : undefined };
}

if (isMain(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(join(REPOSITORY, LOCK), completed(readTree(REPOSITORY)));
  const { looked, findings } = check(readTree(REPOSITORY));
  for (const { file, text } of findings) console.log(`${file}  ${text}`);
  console.log(`${looked} packages, ${findings.length} findings`);
  process.exitCode = findings.length > 0 || looked === 0 ? 1 : 0;
}
