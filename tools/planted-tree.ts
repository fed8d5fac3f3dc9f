import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { REPOSITORY } from './repo/command.mjs';
import { readTree, type Tree, type Verdict } from './repo/tree.mjs';

/** Writes files into a folder of its own, gone when the test ends. Objects are written as JSON. */
export function plantFiles(files: Readonly<Record<string, string | object>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'express-micro-planted-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

export function plantTree(files: Readonly<Record<string, string | object>>): Tree {
  return readTree(plantFiles(files));
}

/** Lets a planted tree find what this repository has installed. */
export function shareModules(root: string, names: readonly string[]): void {
  for (const name of names) {
    const place = join(root, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(REPOSITORY, 'node_modules', name), place);
  }
}

/** What a check says, one line a finding. */
export function said(verdict: Verdict): string[] {
  return verdict.findings.map(({ file, text }) => `${file}: ${text}`);
}

/** The manifest of a package with the usual exports. */
export function manifest(
  name: string,
  dependencies: Record<string, string> = {},
  entries: readonly string[] = ['index'],
): object {
  const target = (entry: string) => ({
    source: `./src/${entry}.ts`,
    import: { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` },
    require: { types: `./dist/${entry}.d.cts`, default: `./dist/${entry}.cjs` },
  });
  const subpath = (entry: string) => (entry === 'index' ? '.' : `./${entry}`);
  return {
    name,
    version: '0.1.0',
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    files: ['dist'],
    engines: { node: '>=20.19' },
    exports: {
      ...Object.fromEntries(entries.map((entry) => [subpath(entry), target(entry)])),
      './package.json': './package.json',
    },
    main: './dist/index.cjs',
    types: './dist/index.d.cts',
    dependencies,
  };
}
