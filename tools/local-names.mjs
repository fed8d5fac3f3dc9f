import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { run } from './repo/command.mjs';

/** @typedef {import('./repo/tree.mjs').Tree} Tree */

const TEXT = /\.([cm]?[jt]sx?|jsonc?|md|ya?ml|toml|sh|html|css|npmrc|gitignore|example)$|(^|\/)[^.]+$|\.npmrc$|\.ci\/run$/;

/** Forms that are local on any machine. */
const ALWAYS = [
  { pattern: /["'\s=(](\/(?:home|Users)\/[\w.-]+\/)/, what: 'a path of one machine' },
  { pattern: /["'\s=(]([A-Za-z]:\\Users\\[\w.-]+)/, what: 'a path of one machine' },
  { pattern: /^\s*(?:@[\w-]+:)?(registry\s*=.*)/, what: 'the address of a registry' },
  { pattern: /(--registry[ =]\S+)/, what: 'the address of a registry' },
];

/**
 * Nothing that holds on one machine only: no registry, no absolute path, no address in the lock file.
 * @param {Tree} tree
 * @param {{ hosts?: readonly string[], paths?: readonly string[] }} [machine] what is local on this machine
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree, { hosts = [], paths = [] } = {}) {
  const literal = [
    ...hosts.map((host) => ({ pattern: new RegExp(`(${literally(host)})`), what: 'the registry of this machine' })),
    ...paths.map((path) => ({
      pattern: new RegExp(`(?<![\\w.])(${literally(path)})(?![\\w.-])`),
      what: 'a path of this machine',
    })),
  ];
  const lock = { pattern: /"resolved": "(\w+:\/\/[^"]+)"/, what: 'an address in the lock file' };
  const files = tree.files.filter((file) => TEXT.test(file));
  const findings = files.flatMap((file) => {
    const rules = [...literal, ...(file.endsWith('package-lock.json') ? [lock] : ALWAYS)];
    return tree
      .read(file)
      .split('\n')
      .flatMap((text, at) =>
        rules.flatMap(({ pattern, what }) => {
          const found = pattern.exec(text)?.[1];
          return found === undefined ? [] : [{ file, line: at + 1, text: `${found} is ${what}.` }];
        }),
      );
  });
  return { looked: files.length, noun: 'file', findings };
}

/** What is local here: the registry that npm is set to, and the places of the repository and of its user. @param {string} root */
export async function thisMachine(root) {
  const { output } = await run('npm', ['config', 'get', 'registry'], { cwd: root });
  const host = /https?:\/\/([^/\s]+)/.exec(output)?.[1];
  const places = [root, dirname(root), homedir()].filter((path) => path !== '/' && path !== '/tmp');
  return { hosts: host === undefined ? [] : [host], paths: places };
}

/** @param {string} text */
function literally(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
