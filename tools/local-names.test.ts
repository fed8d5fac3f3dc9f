import { expect, test } from 'vitest';
import { check } from './local-names.mjs';
import { plantTree, said } from './planted-tree.ts';

// Put together here, so that this file holds none of what it looks for.
const HOME = ['', 'home', 'alice', ''].join('/');
const REGISTRY = ['registry', 'https://npm.example.test/'].join('=');

test('a file without local names passes, and so does a lock file without addresses', () => {
  const tree = plantTree({
    'README.md': 'npm ci',
    'package-lock.json': { packages: { 'node_modules/core': { resolved: 'packages/core', link: true } } },
  });
  const verdict = check(tree, { hosts: ['npm.example.test'], paths: ['/somewhere/else'] });
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(2);
});

test.each([
  ['a home folder', 'docs/a.md', `see "${HOME}app"`],
  ['a registry in a settings file', '.npmrc', REGISTRY],
  ['a registry on a command line', '.ci/run', `npm ci --${REGISTRY}`],
  ['the registry of this machine', 'tools/a.mjs', "fetch('https://npm.example.test/x')"],
  ['a path of this machine', 'tools/a.mjs', "const root = '/somewhere/else/main';"],
  ['an address in the lock file', 'package-lock.json', '{\n"resolved": "https://npm.example.org/a.tgz"\n}'],
])('%s is found', (_, file, text) => {
  const machine = { hosts: ['npm.example.test'], paths: ['/somewhere/else'] };
  expect(said(check(plantTree({ [file]: text }), machine))).not.toEqual([]);
});
