// What is measured of the simulator is no part of its entry: it is bundled once from the sources, and loaded by every worker.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const SOURCE = new URL('../packages/mesh/src/testing/measured.ts', import.meta.url);
const BUNDLE = new URL('../.cache/sim/simulator.mjs', import.meta.url);

/** @returns {Promise<string>} address of the bundle, to be imported */
export async function bundleSimulator() {
  mkdirSync(new URL('./', BUNDLE), { recursive: true });
  const bundle = await rolldown({
    input: fileURLToPath(SOURCE),
    platform: 'node',
    resolve: { conditionNames: ['source', 'node', 'import'] },
  });
  await bundle.write({ file: fileURLToPath(BUNDLE), format: 'esm' });
  await bundle.close();
  return BUNDLE.href;
}
