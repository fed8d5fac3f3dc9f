// The parsers are part of the sources of packages, and so is what must hold of them: bundled once, loaded by every worker.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { FOLDER, PACKAGES } from './parsers.mjs';

/** Makes what `loadParsers` loads. */
export async function bundleParsers() {
  mkdirSync(FOLDER, { recursive: true });
  const source = (/** @type {string} */ room) =>
    fileURLToPath(new URL(`../packages/${room}/src/parsers.test-support.ts`, import.meta.url));
  const bundle = await rolldown({
    input: Object.fromEntries(PACKAGES.map((room) => [room, source(room)])),
    platform: 'node',
    // Of libraries there is to be one copy, and none of them is looked at here.
    external: ['fast-check', 'jose', 'zod'],
    resolve: { conditionNames: ['source', 'node', 'import'] },
  });
  await bundle.write({ dir: fileURLToPath(FOLDER), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
  await bundle.close();
}
