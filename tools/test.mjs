import { runMatrix } from '../test/matrix/matrix.mjs';
import { runPack } from '../test/pack/pack.mjs';
import { buildAll } from './build.mjs';
import { isMain, REPOSITORY } from './repo/command.mjs';
import { seconds } from './repo/progress.mjs';
import { closingLine, emptyTally, isGood, sum } from './repo/tally.mjs';
import { runVitest } from './repo/vitest.mjs';

/** @typedef {import('./repo/tally.mjs').Tally} Tally */

/**
 * The parts in their order. After a part's name come words that narrow it: `matrix 22 24`, `pack js-cjs-express4`.
 * @type {Readonly<Record<string, (root: string, only: readonly string[] | undefined) => Promise<Tally>>>}
 */
const PARTS = {
  unit: async (root) => (await runVitest(root, ['unit'], { show: true })).tally,
  integration: async (root) => (await runVitest(root, ['integration', 'integration-fastify'], { show: true })).tally,
  sources: async (root) => (await runVitest(root, ['sources'], { show: true })).tally,
  e2e: async (root) => (await runVitest(root, ['e2e', 'load'], { show: true })).tally,
  pack: (root, only) => runPack(root, only ? { only } : {}),
  matrix: (root, only) => {
    const chosen = only ?? process.env.EXPRESS_MICRO_NODES?.split(',');
    return runMatrix(root, chosen ? { only: chosen } : {});
  },
};

/** @param {readonly string[]} words of the command line @returns {Planned[]} */
function plan(words) {
  if (words.length === 0) return Object.keys(PARTS).map((part) => ({ part, only: undefined }));
  /** @type {Planned[]} */
  const planned = [];
  for (const word of words) {
    const last = planned.at(-1);
    if (word in PARTS) planned.push({ part: word, only: undefined });
    else if (last) last.only = [...(last.only ?? []), word];
    else throw new Error(`There is no part "${word}". Parts are: ${Object.keys(PARTS).join(', ')}.`);
  }
  return planned;
}

/** A part that breaks has failed. @param {string} part @param {readonly string[] | undefined} only @returns {Promise<Tally>} */
async function runPart(part, only) {
  try {
    return (await PARTS[part]?.(REPOSITORY, only)) ?? emptyTally();
  } catch (error) {
    console.error(error);
    return { ...emptyTally(), failed: 1 };
  }
}

/** @typedef {{ part: string, only: string[] | undefined }} Planned */

/** Every part but the unit tests needs the packages built: they start processes and install tarballs. @param {readonly Planned[]} parts */
async function buildFor(parts) {
  if (parts.every(({ part }) => part === 'unit')) return true;
  try {
    await buildAll(REPOSITORY);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.log('\nThe packages cannot be built: no test was run.');
    return false;
  }
}

/** @param {readonly Planned[]} parts */
async function runParts(parts) {
  const isCi = Boolean(process.env.CI);
  const isBuilt = await buildFor(parts);
  let total = { ...emptyTally(), failed: isBuilt ? 0 : 1 };
  for (const { part, only } of isBuilt ? parts : []) {
    const startedMs = performance.now();
    console.log(`\n── ${part} ${'─'.repeat(60 - part.length)}`);
    const tally = await runPart(part, only);
    const ran = tally.passed + tally.failed + tally.skipped > 0 ? tally : { ...tally, failed: 1 };
    console.log(`${part}: ${ran === tally ? closingLine(tally) : 'nothing ran, which is a failure'} (${seconds(startedMs)})`);
    total = sum(total, ran);
  }
  if (isCi && total.skipped > 0) console.log('\nIn CI nothing may be skipped: the reasons stand above.');
  console.log(`\n${closingLine(total)}`);
  return isGood(total, isCi);
}

if (isMain(import.meta.url)) {
  try {
    process.exitCode = (await runParts(plan(process.argv.slice(2)))) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
