import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files of a repository as the checks see them: what people wrote, not what was installed or built.
 * @typedef {object} Tree
 * @property {string} root absolute
 * @property {readonly string[]} files relative to the root, with `/`, sorted
 * @property {(path: string) => string} read
 * @property {(path: string) => boolean} has a file or a folder
 */

/**
 * What a check found. `looked` counts what it looked at: a check that looked at nothing has failed.
 * @typedef {object} Verdict
 * @property {number} looked
 * @property {string} noun of what was looked at, in the singular
 * @property {Finding[]} findings each fails the check
 * @property {Finding[]} [warnings] shown, and nothing more
 */

/**
 * @typedef {object} Finding
 * @property {string} file
 * @property {number} [line]
 * @property {string} text what is wrong and what to do about it
 */

const NOT_WRITTEN = new Set(['node_modules', 'dist', '.git', '.cache', '.tsbuild', 'coverage']);

/** @param {string} root @returns {Tree} */
export function readTree(root) {
  const files = list(root, '').sort();
  const known = new Set(files.flatMap((file) => [file, ...foldersAbove(file)]));
  /** @type {Map<string, string>} */
  const texts = new Map();
  return {
    root,
    files,
    read(path) {
      const text = texts.get(path) ?? readFileSync(join(root, path), 'utf8');
      texts.set(path, text);
      return text;
    },
    has: (path) => known.has(path.replace(/\/$/, '')),
  };
}

/** @param {string} root @param {string} folder @returns {string[]} */
function list(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((item) => {
    const path = folder === '' ? item.name : `${folder}/${item.name}`;
    if (item.isDirectory()) return NOT_WRITTEN.has(item.name) ? [] : list(root, path);
    return item.isFile() ? [path] : [];
  });
}

/** @param {string} file @returns {string[]} */
function foldersAbove(file) {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Source code of any kind. @param {string} path */
export function isCode(path) {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/** Tests, type tests (`.test-d.ts`) and what several tests share (`.test-support.ts`). @param {string} path */
export function isTest(path) {
  return /\.test(-[a-z]+)?\.[cm]?tsx?$/.test(path) || /(^|\/)test\//.test(path);
}

/** Code that is shipped: below `packages/<room>/src`, tests excepted. @param {string} path */
export function isShipped(path) {
  return /^packages\/[^/]+\/src\//.test(path) && isCode(path) && !isTest(path);
}

/** @param {string} path @returns {string | undefined} the room of a package's file */
export function roomOf(path) {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}
