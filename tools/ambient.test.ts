import { expect, test } from 'vitest';
import { check } from './ambient.mjs';
import { plantTree, said } from './planted-tree.ts';

test.each([
  'const now = Date.now();',
  'const now = new Date();',
  'const now = Date();',
  'const now = performance.now();',
  'setTimeout(() => {}, 10);',
  'const later = setTimeout;',
  'globalThis.setInterval(() => {}, 10);',
  'const all = { setTimeout };',
  "const one = Math['random']();",
  'console.log(1);',
  "import { setTimeout as sleep } from 'node:timers/promises';",
])('%s is found in a package', (text) => {
  expect(said(check(plantTree({ 'packages/mesh/src/a.ts': text })))).toHaveLength(1);
});

test.each([
  'const then = new Date(1000);',
  'const isDate = (value: unknown) => value instanceof Date;',
  'let timer: ReturnType<typeof setTimeout>;',
  'const clock = { now: 1 }; clock.now; const timer = { setTimeout: 1 }; timer.setTimeout;',
  '// Date.now() and console.log()\nexport const text = "Math.random()";',
])('%s is none of it', (text) => {
  const verdict = check(plantTree({ 'packages/mesh/src/a.ts': text }));
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(1);
});

test('each door of core lets its own kind through and no other', () => {
  expect(said(check(plantTree({ 'packages/core/src/clock.ts': 'Date.now(); setTimeout(() => {}, 1);' })))).toEqual([]);
  expect(said(check(plantTree({ 'packages/core/src/random.ts': 'Math.random();' })))).toEqual([]);
  expect(said(check(plantTree({ 'packages/core/src/random.ts': 'Date.now();' })))).toHaveLength(1);
});

test('tests, tools and examples may do as they like', () => {
  const verdict = check(plantTree({ 'packages/mesh/src/a.test.ts': 'Date.now();', 'tools/a.mjs': 'console.log(1);' }));
  expect(verdict.findings).toEqual([]);
  expect(verdict.looked).toBe(0);
});
