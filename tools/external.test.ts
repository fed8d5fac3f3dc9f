import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as external from './external.mjs';
import { plantFiles, said, shareModules } from './planted-tree.ts';
import { REPOSITORY } from './repo/command.mjs';
import { isCode, readTree } from './repo/tree.mjs';

/** A setting of this repository, as it stands. */
function own(path: string): Record<string, string> {
  return { [path]: readFileSync(join(REPOSITORY, path), 'utf8') };
}

describe('types', () => {
  const project = { ...own('tsconfig.base.json'), 'tsconfig.json': { extends: './tsconfig.base.json', include: ['src'] } };

  async function typesOf(files: Record<string, string>) {
    const root = plantFiles({ 'package.json': { type: 'module' }, ...project, ...files });
    shareModules(root, ['@types/node', 'undici-types', 'vitest', '@vitest', 'expect-type']);
    return external.types(root, '.');
  }

  test('right types pass, and the files are counted', async () => {
    const verdict = await typesOf({
      'src/a.ts': 'export const one: number = 1;',
      'src/b.ts': "import { one } from './a.ts'; one.toFixed();",
    });
    expect(said(verdict)).toEqual([]);
    expect(verdict.looked).toBe(2);
  });

  test('a wrong type is found', async () => {
    expect(said(await typesOf({ 'src/a.ts': "export const one: number = '1';" }))).toEqual([
      expect.stringContaining('src/a.ts(1,14)'),
    ]);
  });

  test('a wrong expectTypeOf in a type test is found, and a right one passes', async () => {
    const typeTest = (type: string) => `import { expectTypeOf } from 'vitest';\nexpectTypeOf(1).toEqualTypeOf<${type}>();`;
    expect(said(await typesOf({ 'src/a.test-d.ts': typeTest('number') }))).toEqual([]);
    expect(said(await typesOf({ 'src/a.test-d.ts': typeTest('string') }))).toEqual([
      expect.stringContaining('src/a.test-d.ts(2,'),
    ]);
  });

  test('a project without files fails', async () => {
    expect(said(await typesOf({}))).toEqual([expect.stringContaining('No inputs were found')]);
  });

  test('type tests of the packages belong to the project that `npm run check` looks at', () => {
    const { include, exclude } = JSON.parse(own('tsconfig.json')['tsconfig.json'] ?? '');
    expect(include).toContain('packages/*/src');
    expect(exclude.join()).not.toContain('test-d');
  });
});

describe('lint and format', () => {
  const lintOf = (files: Record<string, string>) => external.lint(plantFiles({ ...own('biome.json'), ...files }));

  test('a clean file passes', async () => {
    const verdict = await lintOf({ 'packages/a/src/a.ts': 'export const one = 1;\n' });
    expect(verdict.findings).toEqual([]);
    expect(verdict.looked).toBeGreaterThan(0);
  });

  test.each([
    ['a console', "console.log('here');\n", 'noConsole'],
    ['a switched-off type', 'export const one: any = 1;\n', 'noExplicitAny'],
    ['a non-null assertion', 'export const one = (two?: number) => two!;\n', 'noNonNullAssertion'],
    ['a foreign format', 'export const one = "1"\n', 'format'],
  ])('%s is found', async (_, text, rule) => {
    expect(said(await lintOf({ 'packages/a/src/a.ts': text }))).toEqual([expect.stringContaining(rule)]);
  });

  test('a circle of imports is found', async () => {
    const verdict = await lintOf({
      'packages/a/src/a.ts': "import { two } from './b.ts';\n\nexport const one = () => two();\n",
      'packages/a/src/b.ts': "import { one } from './a.ts';\n\nexport const two = (): unknown => one();\n",
    });
    expect(said(verdict)).toEqual([expect.stringContaining('noImportCycles')]);
  });
});

describe('floating promises', () => {
  const settings = {
    ...own('.oxlintrc.json'),
    ...own('tsconfig.base.json'),
    'tsconfig.json': { extends: './tsconfig.base.json' },
  };
  const later = 'declare function later(): Promise<boolean>;\n';

  async function promisesOf(text: string) {
    const root = plantFiles({ ...settings, 'package.json': { type: 'module' }, 'src/a.ts': `${later}${text}` });
    shareModules(root, ['@types/node', 'undici-types']);
    return external.promises(root);
  }

  test('an awaited promise passes', async () => {
    const verdict = await promisesOf('await later();');
    expect(said(verdict)).toEqual([]);
    expect(verdict.looked).toBe(1);
  });

  test.each([
    ['a promise that nobody waits for', 'later();', 'no-floating-promises'],
    ['a promise as a condition', 'if (later()) process.exit();', 'no-misused-promises'],
  ])('%s is found', async (_, text, rule) => {
    expect(said(await promisesOf(text))).toEqual([expect.stringContaining(rule)]);
  });
});

describe('dead code', () => {
  const kept = {
    'package.json': { name: 'planted', type: 'module', exports: './src/index.ts' },
    'src/index.ts': "export { one } from './one.ts';",
    'src/one.ts': 'export const one = 1;',
  };

  const deadCodeOf = (files: Record<string, string | object>) => {
    const root = plantFiles({ ...kept, ...files });
    return external.deadCode(root, readTree(root).files.filter(isCode).length);
  };

  test('code that is used passes', async () => {
    const verdict = await deadCodeOf({});
    expect(said(verdict)).toEqual([]);
    expect(verdict.looked).toBe(2);
  });

  test.each([
    ['a file that nothing imports', { 'src/left.ts': 'export const left = 1;' }, 'src/left.ts'],
    ['an export that nothing imports', { 'src/one.ts': 'export const one = 1;\nexport const other = 2;' }, 'other'],
    [
      'a dependency that nothing names',
      { 'package.json': { ...kept['package.json'], dependencies: { undici: '1.0.0' } } },
      'undici',
    ],
  ])('%s is found', async (_, files, name) => {
    expect(said(await deadCodeOf(files))).toEqual([expect.stringContaining(name)]);
  });
});
