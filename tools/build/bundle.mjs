import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsdown';
import { callableCode, callableTypes } from './callable-entry.mjs';
import { esEntryCode, esEntryTypes } from './es-entry.mjs';
import { licences } from './licences.mjs';
import { textFiles } from './text-files.mjs';

/** @typedef {import('../repo/workspaces.mjs').Package} Package */

/**
 * Fills a package's `dist`: one CommonJS bundle with declarations for every entry, then a thin ES entry over each.
 * Entries share their common parts, so that two subpaths of a package give the same classes.
 * @param {Package} pkg
 */
export async function bundlePackage(pkg) {
  const absent = pkg.entries.find((entry) => !existsSync(join(pkg.folder, entry.source)));
  if (absent) throw new Error(`${pkg.manifest.name} exports "${absent.subpath}" from ${absent.source}, which does not exist.`);

  const values = await bundleCommonJs(pkg);
  for (const { name } of pkg.entries) {
    const exported = values.get(name) ?? [];
    const path = join(pkg.folder, 'dist', name);
    const names = exported.includes('default') ? makeCallable(path, exported) : undefined;
    writeFileSync(`${path}.js`, esEntryCode(name, exported));
    writeFileSync(`${path}.d.ts`, esEntryTypes(name, names));
  }
  const bundled = takenIn(pkg);
  if (bundled.length > 0) writeFileSync(join(pkg.folder, 'dist', 'third-party.txt'), licences(pkg.folder, bundled));
}

/**
 * Libraries that go out within the build, and are not installed beside it: the `devDependencies` of a package.
 * @param {Package} pkg
 */
function takenIn({ manifest }) {
  return Object.keys(manifest.devDependencies ?? {});
}

/**
 * @param {Package} pkg
 * @returns {Promise<Map<string, string[]>>} the names of the values that each entry exports
 */
async function bundleCommonJs(pkg) {
  /** @type {string[]} */
  const warnings = [];
  const bundles = await build({
    config: false,
    cwd: pkg.folder,
    entry: Object.fromEntries(pkg.entries.map((entry) => [entry.name, entry.source])),
    format: ['cjs'],
    platform: 'node',
    target: 'node20.19',
    fixedExtension: false,
    dts: { oxc: true },
    deps: {
      // An entry that names its own package means it as users have it: with what they have declared in it.
      neverBundle: [pkg.manifest.name],
      // Nothing else of `node_modules` gets in, and its licence goes along: see `licences`.
      onlyBundle: takenIn(pkg),
    },
    sourcemap: true,
    clean: true,
    logLevel: 'error',
    plugins: [textFiles],
    // Jest runs CommonJS where `import()` is not to be had.
    outputOptions: (options) => ({
      ...options,
      exports: 'named',
      dynamicImportInCjs: false,
      // The bundler's own helpers: else they stand in one of the entries, which all others would then run.
      codeSplitting: { groups: [{ name: 'interop', test: /rolldown\/runtime/ }] },
    }),
    inputOptions: (options) => ({
      ...options,
      onLog: (level, log) => {
        if (level === 'warn') warnings.push(log.message);
      },
    }),
  });
  if (warnings.length > 0) throw new Error(`${pkg.manifest.name}: the bundler warned:\n${warnings.join('\n')}`);

  const chunks = bundles.flatMap((bundle) => bundle.chunks);
  return new Map(
    chunks.flatMap((chunk) =>
      chunk.type === 'chunk' && chunk.isEntry && chunk.fileName.endsWith('.cjs')
        ? [[chunk.fileName.slice(0, -'.cjs'.length), chunk.exports]]
        : [],
    ),
  );
}

/**
 * @param {string} path of the entry without an extension
 * @param {readonly string[]} values
 * @returns {string[]} all names that the entry exports, types included
 */
function makeCallable(path, values) {
  writeFileSync(`${path}.cjs`, callableCode(readFileSync(`${path}.cjs`, 'utf8'), values));
  const { types, names } = callableTypes(readFileSync(`${path}.d.cts`, 'utf8'));
  writeFileSync(`${path}.d.cts`, types);
  return names;
}
