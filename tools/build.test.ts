import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callableTypes } from './build/callable-entry.mjs';
import { buildAll } from './build.mjs';
import { manifest, plantFiles, shareModules } from './planted-tree.ts';
import { REPOSITORY, run, runTool } from './repo/command.mjs';
import { inDependencyOrder, readPackages } from './repo/workspaces.mjs';

const quiet = { say: () => {} };

/** Two packages in the shape of ours: one with two entries, one whose default export is a function. */
function plantPackages(): string {
  const root = plantFiles({
    'tsconfig.base.json': readFileSync(join(REPOSITORY, 'tsconfig.base.json'), 'utf8'),
    'packages/core/package.json': manifest('@planted/core', {}, ['index', 'redis']),
    'packages/core/src/index.ts':
      'export class Fault extends Error {\n  private readonly mark: number = 1;\n  show(): number {\n    return this.mark;\n  }\n}\n',
    'packages/core/src/redis.ts':
      "import { Fault } from './index.ts';\n\nexport function fault(): Fault {\n  return new Fault();\n}\n",
    'packages/a-plugin/package.json': manifest('a-plugin', { '@planted/core': '0.1.0' }),
    'packages/a-plugin/src/index.ts':
      "export { Fault } from '@planted/core';\nexport { plugin as default, plugin, type Services } from './plugin.ts';\n",
    'packages/a-plugin/src/plugin.ts':
      'export interface Services {}\n\nexport function plugin(name: string): { name: string; services: Services } {\n  return { name, services: {} };\n}\n',
  });
  mkdirSync(join(root, 'node_modules/@planted'), { recursive: true });
  symlinkSync(join(root, 'packages/core'), join(root, 'node_modules/@planted/core'));
  symlinkSync(join(root, 'packages/a-plugin'), join(root, 'node_modules/a-plugin'));
  return root;
}

function distOf(root: string, room: string): Record<string, string> {
  const dist = join(root, 'packages', room, 'dist');
  return Object.fromEntries(readdirSync(dist).map((file) => [file, readFileSync(join(dist, file), 'utf8')]));
}

test('packages are built after those they depend on', async () => {
  const root = plantPackages();
  expect(readPackages(root).map(({ room }) => room)).toEqual(['core', 'a-plugin']);
  expect(await buildAll(root, quiet)).toEqual({ built: ['@planted/core', 'a-plugin'], fresh: [] });
});

test('require and import give one function, one class, one set of names', async () => {
  const root = plantPackages();
  await buildAll(root, quiet);
  writeFileSync(
    join(root, 'main.cjs'),
    `const assert = require('node:assert/strict');
     const plugin = require('a-plugin');
     const { fault } = require('@planted/core/redis');
     assert.equal(plugin('a').name, 'a');
     assert.deepEqual(Object.keys(plugin).sort(), ['Fault', 'default', 'plugin']);
     assert.ok(fault() instanceof plugin.Fault);
     Promise.all([import('a-plugin'), import('@planted/core'), import('@planted/core/redis')]).then(([esm, core, redis]) => {
       for (const name of Object.keys(plugin)) assert.equal(esm[name], plugin[name]);
       assert.equal(esm.default, plugin);
       assert.equal(core.Fault, plugin.Fault);
       assert.equal(redis.fault, fault);
       console.log('one instance');
     });`,
  );
  expect((await run(process.execPath, ['main.cjs'], { cwd: root })).output).toBe('one instance\n');
});

test('the text of a file is taken into the code, byte for byte', async () => {
  const root = plantPackages();
  const text = "const a = `1`; // '\u2028' </script>\n\\";
  writeFileSync(join(root, 'packages/core/src/page.js'), text);
  writeFileSync(
    join(root, 'packages/core/src/index.ts'),
    "import page from './page.js?raw';\n\nexport const text: string = page;\nexport class Fault {}\n",
  );
  await buildAll(root, quiet);
  rmSync(join(root, 'packages/core/src'), { recursive: true });
  const printed = "process.stdout.write(JSON.stringify(require('@planted/core').text))";
  expect(JSON.parse((await run(process.execPath, ['-e', printed], { cwd: root })).output)).toBe(text);
});

test.each([
  [
    'an ES module',
    'main.mts',
    "import plugin, { Fault, type Services } from 'a-plugin';\nimport type { Services as Same } from 'a-plugin';",
  ],
  [
    'a CommonJS module',
    'main.cts',
    "import plugin, { Fault, type Services } from 'a-plugin';\nimport required = require('a-plugin');\ntype Same = required.Services;\nrequired('b');",
  ],
])('in %s the types are those of the function, and Services can be merged', async (_, file, imports) => {
  const root = plantPackages();
  await buildAll(root, quiet);
  shareModules(root, ['@types/node', 'undici-types']);
  const use = (argument: string) => `${imports}
    import { fault } from '@planted/core/redis';
    declare module 'a-plugin' { interface Services { orders: { get(id: number): string } } }
    const made: { services: Services } = plugin('a');
    const text: string = made.services.orders.get(${argument});
    const kept: Fault = fault();
    export const same: Same = made.services;
    export const all = [text, kept];`;
  const compile = async (argument: string) => {
    writeFileSync(join(root, file), use(argument));
    return runTool('tsc', ['--ignoreConfig', '--noEmit', '--strict', '--module', 'node16', '--types', 'node', file], {
      cwd: root,
    });
  };
  expect(await compile('1')).toMatchObject({ ok: true, output: '' });
  expect(await compile("'1'")).toMatchObject({ ok: false, output: expect.stringContaining("type 'string' is not assignable") });
});

test('two builds of the same sources are the same bytes', async () => {
  const [one, two] = [plantPackages(), plantPackages()];
  await buildAll(one, quiet);
  await buildAll(two, quiet);
  for (const room of ['core', 'a-plugin']) expect(distOf(one, room)).toEqual(distOf(two, room));
});

test('what is unchanged is left alone; an edited source or a damaged build is not', async () => {
  const root = plantPackages();
  await buildAll(root, quiet);
  const all = ['@planted/core', 'a-plugin'];
  expect(await buildAll(root, quiet)).toEqual({ built: [], fresh: all });
  expect(await buildAll(root, { ...quiet, force: true })).toEqual({ built: all, fresh: [] });

  cpSync(join(root, 'packages/core/src/redis.ts'), join(root, 'packages/core/src/more.ts'));
  expect((await buildAll(root, quiet)).built).toEqual(['@planted/core']);
  rmSync(join(root, 'packages/a-plugin/dist/index.d.ts'));
  expect((await buildAll(root, quiet)).built).toEqual(['a-plugin']);
  writeFileSync(join(root, 'packages/core/dist/index.js'), '');
  expect((await buildAll(root, quiet)).built).toEqual(['@planted/core']);
  expect(distOf(root, 'core')['index.js']).toContain('Fault');
});

test('what cannot be built says why', async () => {
  const missing = plantFiles({ 'packages/core/package.json': manifest('@planted/core') });
  await expect(buildAll(missing, quiet)).rejects.toThrow('./src/index.ts, which does not exist');
  const empty = plantFiles({ 'packages/notes.txt': '' });
  await expect(buildAll(empty, quiet)).rejects.toThrow('nothing to build');
  expect(() => callableTypes('declare const plugin: () => void;\nexport { plugin as default };')).toThrow(
    'must be declared as a named function',
  );
});

test('who asks for one entry does not run another', async () => {
  const root = plantFiles({
    'tsconfig.base.json': readFileSync(join(REPOSITORY, 'tsconfig.base.json'), 'utf8'),
    'packages/core/package.json': manifest('@planted/core', {}, ['index', 'redis']),
    'packages/core/src/shared.ts': "import { EOL } from 'node:os';\n\nexport class Shared {\n  readonly end: string = EOL;\n}\n",
    'packages/core/src/index.ts': "export { Shared } from './shared.ts';\n",
    // A default import takes a helper of the bundler's.
    'packages/core/src/redis.ts':
      "import http from 'node:http';\nimport { Shared } from './shared.ts';\n\nconsole.log(http.METHODS.length > 0, new Shared().end.length);\n",
  });
  await buildAll(root, quiet);
  const ask = async (entry: string) =>
    (await run(process.execPath, ['-e', `require('./packages/core/dist/${entry}.cjs')`], { cwd: root })).output;
  expect([await ask('index'), await ask('redis')]).toEqual(['', 'true 1\n']);
});

/** A package that is built with a library which is an ES module alone. */
function plantLibrary(files: Record<string, string>, devDependencies: Record<string, string> = { tiny: '1.0.0' }): string {
  return plantFiles({
    'tsconfig.base.json': readFileSync(join(REPOSITORY, 'tsconfig.base.json'), 'utf8'),
    'packages/core/package.json': { ...(manifest('@planted/core') as object), devDependencies },
    'packages/core/src/tiny.d.ts': "declare module 'tiny' {\n  export function double(n: number): number;\n}\n",
    'packages/core/src/index.ts':
      '/// <reference path="./tiny.d.ts" />\nexport async function four(): Promise<number> {\n  const { double } = await import("tiny");\n  return double(2);\n}\n',
    'node_modules/tiny/package.json': { name: 'tiny', version: '1.2.3', license: 'MIT', type: 'module', exports: './index.js' },
    'node_modules/tiny/index.js': 'export const double = (n) => 2 * n;\nexport const unused = "not wanted";\n',
    ...files,
  });
}

test('a library of devDependencies goes out within the build, where only CommonJS is understood, too; and so does its licence', async () => {
  const root = plantLibrary({ 'node_modules/tiny/LICENSE.md': 'Do what you like.\n' });
  await buildAll(root, quiet);
  rmSync(join(root, 'node_modules'), { recursive: true });
  // As in Jest: neither `import()` nor `require` of an ES module.
  const printed = "require('./packages/core/dist/index.cjs').four().then((four) => process.stdout.write(String(four)))";
  expect((await run(process.execPath, ['-e', printed], { cwd: root })).output).toBe('4');
  const dist = distOf(root, 'core');
  expect(dist['third-party.txt']).toBe('tiny 1.2.3 (MIT)\n\nDo what you like.\n');
  const code = Object.entries(dist).filter(([file]) => file.endsWith('.cjs'));
  expect(code.map(([, text]) => text).join()).not.toMatch(/not wanted|import\(|require\("tiny"\)/);
});

test('no library goes out unsaid, or without its licence', async () => {
  const licence = { 'node_modules/tiny/LICENSE': 'Do what you like.' };
  await expect(buildAll(plantLibrary(licence, {}), quiet)).rejects.toThrow(/tiny/);
  await expect(buildAll(plantLibrary({}), quiet)).rejects.toThrow('tiny goes out within the build and has no licence');
});

test('packages that depend on each other are refused', () => {
  const pkg = (name: string, other: string) => ({
    room: name,
    folder: name,
    entries: [],
    manifest: { name, version: '0.1.0', exports: {}, dependencies: { [other]: '0.1.0' } },
  });
  expect(() => inDependencyOrder([pkg('a', 'b'), pkg('b', 'a')])).toThrow('in a circle: a → b → a');
});
