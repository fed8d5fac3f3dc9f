import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { writeApp } from '../proofs/types/app-of-routes.mjs';
import { BUDGET } from '../proofs/types/budget.mjs';
import { compile } from '../proofs/types/compile.mjs';
import { renameField } from '../proofs/types/renamed-field.mjs';

const root = join(import.meta.dirname, '..');
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderIn(parent: string): string {
  const folder = mkdtempSync(join(root, parent, '.types-'));
  folders.push(folder);
  return folder;
}

/** On the sources: this runs without a build. */
const SOURCES = { compilerOptions: { customConditions: ['source'], erasableSyntaxOnly: true } };
const AMBIENT = '../../packages/*/src/**/*.d.ts';

it('a 200-route app and a call of each stay within the budget of the compiler', { timeout: 120_000 }, () => {
  const folder = folderIn('proofs');
  writeApp(folder, { routes: 200, stage: 'calls', extends: '../../tsconfig.base.json', include: [AMBIENT] });
  const { passed, output, instantiations } = compile(root, folder);
  expect(passed, output).toBe(true);
  // That it looked at all of it.
  expect(instantiations).toBeGreaterThan(100_000);
  expect(instantiations).toBeLessThan(BUDGET.calls);
});

it('renaming a field in one package is an error at the line that uses it in the other', { timeout: 120_000 }, () => {
  const include = ['orders', 'reports', AMBIENT];
  const { before, after } = renameField(root, folderIn('examples'), { ...SOURCES, include });
  expect(before.output).not.toMatch(/error TS/);
  expect(after.errors).toHaveLength(1);
  expect(after.errors[0]).toMatch(/reports\/report\.ts\(5,\d+\): error TS2339: Property 'createdAt' does not exist/);
});
