import { describe, expect, test } from 'vitest';
import * as fileSize from './file-size.mjs';
import * as lockFile from './lock-file.mjs';
import * as names from './names.mjs';
import { plantTree, said } from './planted-tree.ts';

describe('file size', () => {
  const lines = (count: number) => 'a();\n'.repeat(count);

  test('250 lines pass, 251 are warned of, 401 fail', () => {
    const tree = plantTree({ 'a.ts': lines(250), 'b.ts': lines(251), 'c.mjs': lines(400), 'd.cjs': lines(401) });
    const { looked, findings, warnings } = fileSize.check(tree);
    expect(looked).toBe(4);
    expect(findings.map(({ file }) => file)).toEqual(['d.cjs']);
    expect(warnings?.map(({ file }) => file)).toEqual(['b.ts', 'c.mjs']);
  });
});

describe('file names', () => {
  test.each([
    'src/utils.ts',
    'src/string-util.ts',
    'src/helpers/a.ts',
    'src/call-manager.test.ts',
    'src/base.ts',
    'src/readKey.ts',
  ])('%s is found', (file) => {
    expect(said(names.check(plantTree({ [file]: '' })))).toHaveLength(1);
  });

  test('names that say something pass', () => {
    const verdict = names.check(
      plantTree({ 'src/key-ring.ts': '', 'src/signature-base.test.ts': '', 'src/a.int.test.ts': '', 'tsconfig.base.json': '' }),
    );
    expect(verdict.findings).toEqual([]);
    expect(verdict.looked).toBe(3);
  });
});

describe('lock file', () => {
  const locked = {
    '': {},
    'node_modules/tool': { version: '1.0.0', dev: true, optionalDependencies: { '@tool/linux-x64-musl': '1.0.0' } },
  };

  test('a platform that the registry did not carry is found, and can be added', () => {
    const tree = plantTree({ 'package-lock.json': { packages: locked } });
    expect(said(lockFile.check(tree))).toEqual([expect.stringContaining('@tool/linux-x64-musl')]);
    const text = lockFile.completed(tree);
    expect(JSON.parse(text).packages['node_modules/@tool/linux-x64-musl']).toEqual({
      version: '1.0.0',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
    expect(said(lockFile.check(plantTree({ 'package-lock.json': text })))).toEqual([]);
  });

  test('an entry inside its owner counts, and a missing file fails', () => {
    const nested = { ...locked, 'node_modules/tool/node_modules/@tool/linux-x64-musl': { version: '1.0.0' } };
    expect(said(lockFile.check(plantTree({ 'package-lock.json': { packages: nested } })))).toEqual([]);
    expect(said(lockFile.check(plantTree({ 'a.txt': '' })))).toEqual(['package-lock.json: is missing.']);
  });
});
