import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './repo/command.mjs';
import { packAll } from './repo/tarballs.mjs';
import { readPackages } from './repo/workspaces.mjs';

/** @typedef {import('./repo/tree.mjs').Finding} Finding */
/** @typedef {import('./repo/workspaces.mjs').Package} Package */

/**
 * What is published works: every target of `exports` exists, and publint and attw find nothing in the packed tarballs.
 * @param {string} root of a repository that was built
 * @returns {Promise<import('./repo/tree.mjs').Verdict>}
 */
export async function check(root) {
  const packages = readPackages(root);
  const targets = packages.flatMap((pkg) => targetsOf(pkg.manifest.exports).map((target) => ({ pkg, target })));
  const missing = targets.filter(({ pkg, target }) => !existsSync(join(pkg.folder, target)));
  const findings = missing.map(({ pkg, target }) => ({
    file: manifestOf(pkg),
    text: `exports ${target}, which does not exist.`,
  }));
  const judged = findings.length > 0 ? [] : await judgeTarballs(root, packages);
  return { looked: targets.length, noun: 'target', findings: [...findings, ...judged] };
}

/** @param {string} root @param {readonly Package[]} packages @returns {Promise<Finding[]>} */
async function judgeTarballs(root, packages) {
  const folder = mkdtempSync(join(tmpdir(), 'express-micro-exports-'));
  try {
    const tarballs = await packAll(root, folder);
    const findings = packages.map(async (pkg) => {
      const tarball = tarballs.get(pkg.manifest.name) ?? '';
      const publint = await runTool('publint', ['run', tarball, '--strict'], { cwd: folder });
      const attw = await runTool('attw', [tarball, '--no-color', '--no-emoji'], { cwd: folder });
      return [
        ...(publint.ok ? [] : [{ file: manifestOf(pkg), text: `publint:\n${publint.output}` }]),
        ...(attw.ok ? [] : [{ file: manifestOf(pkg), text: `attw:\n${attw.output}` }]),
      ];
    });
    return (await Promise.all(findings)).flat();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files that a value of `exports` names, at any depth. @param {unknown} value @returns {string[]} */
function targetsOf(value) {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(targetsOf) : [];
}

/** @param {Package} pkg */
function manifestOf(pkg) {
  return `packages/${pkg.room}/package.json`;
}
