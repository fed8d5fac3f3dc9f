import { expect, test } from 'vitest';
import { check } from './boundaries.mjs';
import { manifest, plantTree, said } from './planted-tree.ts';

const HOUSES = {
  'packages/core/package.json': manifest('@express-micro/core'),
  'packages/core/src/index.ts': 'export const one = 1;',
  'packages/mesh/package.json': manifest('@express-micro/mesh', { '@express-micro/core': '0.1.0' }),
  'packages/mesh/src/index.ts': "export { one } from '@express-micro/core';",
  'packages/mesh/src/errors.ts': "import { one } from '@express-micro/core';",
  'packages/mesh/src/routes/route.ts': "import { meshError } from '../errors.ts';",
};

function findingsWith(files: Record<string, string | object>): string[] {
  return said(check(plantTree({ ...HOUSES, ...files })));
}

test('a tree that keeps to the arrows passes, and its imports were looked at', () => {
  const verdict = check(plantTree(HOUSES));
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(3);
});

test.each([
  ['against the arrow', 'packages/core/src/a.ts', "import '@express-micro/mesh';", 'no arrow leads there'],
  ['in a type only', 'packages/core/src/a.ts', "export type A = import('@express-micro/mesh').A;", 'no arrow leads there'],
  ['by require', 'packages/core/src/a.ts', "const mesh = require('@express-micro/mesh');", 'no arrow leads there'],
  ['while running', 'packages/core/src/a.ts', "await import('@express-micro/mesh');", 'no arrow leads there'],
  ['by re-export', 'packages/core/src/a.ts', "export * from '@express-micro/mesh';", 'no arrow leads there'],
  ['past the exports', 'packages/mesh/src/a.ts', "import '@express-micro/core/src/index.ts';", 'not in the exports'],
  ['by a path', 'packages/mesh/src/a.ts', "import '../../core/src/index.ts';", 'past its front door'],
  ['by a path from an example', 'examples/a.js', "import '../packages/mesh/src/index.ts';", 'past its front door'],
])('an import %s is found', (_, file, text, finding) => {
  expect(findingsWith({ [file]: text })).toEqual([expect.stringContaining(finding)]);
});

test.each([
  ['a forbidden room', 'routes/a.ts', "import '../call/call.ts';", '"routes" must not import "call"'],
  ['a value where only types are allowed', 'membership/a.ts', "import { a } from '../routes/route.ts';", 'only the types'],
  ['a module that a pure room must not touch', 'membership/a.ts', "import { request } from 'undici';", 'must not touch "undici"'],
  ['a socket in a pure room', 'membership/a.ts', "import http from 'node:http';", 'must not touch "node:http"'],
  ['a file that puts the rooms together', 'routes/a.ts', "import '../mesh.ts';", 'must not import "mesh.ts"'],
  ['anything from a room without a row', 'attic/a.ts', "import '../errors.ts';", 'has no row'],
])('inside the mesh, importing %s is found', (_, file, text, finding) => {
  expect(findingsWith({ [`packages/mesh/src/${file}`]: text })).toEqual([expect.stringContaining(finding)]);
});

test('types of an allowed room pass', () => {
  expect(findingsWith({ 'packages/mesh/src/membership/a.ts': "import type { Route } from '../routes/route.ts';" })).toEqual([]);
});

test('a library named in two files of a package is found; a test may name it', () => {
  const one = { 'packages/mesh/src/http.ts': "import { request } from 'undici';" };
  expect(findingsWith({ ...one, 'packages/mesh/src/http.test.ts': "import { Agent } from 'undici';" })).toEqual([]);
  const two = { ...one, 'packages/mesh/src/link.ts': "import type { Agent } from 'undici/types/agent';" };
  expect(findingsWith(two)).toEqual([expect.stringContaining('"undici" is named in packages/mesh/src/http.ts already')]);
});

test('a package without a row, and an inner dependency of another version or against the arrow, are found', () => {
  expect(findingsWith({ 'packages/attic/package.json': manifest('@express-micro/attic') })).toEqual([
    expect.stringContaining('"attic" has no row'),
  ]);
  const loose = manifest('@express-micro/mesh', { '@express-micro/core': '^0.1.0' });
  expect(findingsWith({ 'packages/mesh/package.json': loose })).toEqual([expect.stringContaining('released together')]);
  const upward = manifest('@express-micro/core', { '@express-micro/mesh': '0.1.0' });
  expect(findingsWith({ 'packages/core/package.json': upward })).toEqual([expect.stringContaining('must not depend')]);
});
