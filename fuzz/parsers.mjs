// The parsers are part of the sources of the mesh, and so is what must hold of them: bundled once, loaded by every worker.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const SOURCE = new URL('../packages/mesh/src/parsers.test-support.ts', import.meta.url);
const BUNDLE = new URL('../.cache/fuzz/parsers.mjs', import.meta.url);

/** @returns {Promise<string>} address of the bundle, to be imported */
export async function bundleParsers() {
  mkdirSync(new URL('./', BUNDLE), { recursive: true });
  const bundle = await rolldown({
    input: fileURLToPath(SOURCE),
    platform: 'node',
    external: ['fast-check'],
    resolve: { conditionNames: ['source', 'node', 'import'] },
  });
  await bundle.write({ file: fileURLToPath(BUNDLE), format: 'esm' });
  await bundle.close();
  return BUNDLE.href;
}
