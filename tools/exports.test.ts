import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildAll } from './build.mjs';
import { check } from './exports.mjs';
import { manifest, plantFiles, said } from './planted-tree.ts';

async function built(): Promise<string> {
  const root = plantFiles({
    'packages/core/package.json': manifest('@planted/core'),
    'packages/core/src/index.ts': 'export const one: number = 1;\nexport default function two(): number {\n  return 2;\n}\n',
  });
  await buildAll(root, { say: () => {} });
  return root;
}

const TIMEOUT_MS = 30_000;

test('a built package passes, callable or not', { timeout: TIMEOUT_MS }, async () => {
  const verdict = await check(await built());
  expect(said(verdict)).toEqual([]);
  expect(verdict.looked).toBe(6);
});

test('a target that does not exist is found', async () => {
  const root = await built();
  rmSync(join(root, 'packages/core/dist/index.d.ts'));
  expect(said(await check(root))).toEqual([expect.stringContaining('./dist/index.d.ts, which does not exist')]);
});

test('types that lie about the module are found by attw', { timeout: TIMEOUT_MS }, async () => {
  const root = await built();
  const text = JSON.stringify(manifest('@planted/core')).replace('index.d.ts', 'index.d.cts');
  writeFileSync(join(root, 'packages/core/package.json'), text);
  expect(said(await check(root))).toEqual(expect.arrayContaining([expect.stringContaining('attw:')]));
});

test('code that is not what its name says is found by publint', { timeout: TIMEOUT_MS }, async () => {
  const root = await built();
  writeFileSync(join(root, 'packages/core/dist/index.cjs'), 'export const one = 1;\n');
  expect(said(await check(root))).toEqual(expect.arrayContaining([expect.stringContaining('publint:')]));
});
