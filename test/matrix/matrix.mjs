import { join } from 'node:path';
import { run } from '../../tools/repo/command.mjs';
import { indent, seconds } from '../../tools/repo/progress.mjs';
import { closingLine, emptyTally, sum } from '../../tools/repo/tally.mjs';
import { runVitest } from '../../tools/repo/vitest.mjs';
import { NODE_VERSIONS, nodeBinary, OLDER_VERSIONS } from './node-binaries.mjs';

/** @typedef {import('../../tools/repo/tally.mjs').Tally} Tally */

/** The line that most services run: there the end-to-end tests run, too. What of them differs by line, the integration tests ask on each. */
const END_TO_END = '24';

/**
 * The integration tests, and a call between two services of the built packages, on every release line of Node but the one
 * that runs this: that one ran everything already. The end-to-end tests, of processes and signals, on one of them. On older releases
 * the call alone.
 * @param {string} root of a repository that was built
 * @param {{ only?: readonly string[], say?: (line: string) => void }} [options] `only` are lines, `22`; the others count as skipped
 * @returns {Promise<Tally>}
 */
export async function runMatrix(root, { only, say = console.log } = {}) {
  const current = process.versions.node.split('.')[0];
  let total = emptyTally();
  for (const [line, version] of Object.entries(NODE_VERSIONS)) {
    if (line === current && !only?.includes(line)) continue;
    const isWanted = only === undefined || only.includes(line);
    const tally = isWanted ? await onNode(root, version, say) : skipped(version, 'not among EXPRESS_MICRO_NODES', say);
    total = sum(total, tally);
  }
  for (const version of OLDER_VERSIONS) {
    if (only === undefined || only.includes(version.split('.', 1)[0] ?? ''))
      total = sum(total, await onOlder(root, version, say));
  }
  return total;
}

/** @param {string} root @param {string} version @param {(line: string) => void} say @returns {Promise<Tally>} */
async function onOlder(root, version, say) {
  const binary = await nodeBinary(root, version);
  if ('missing' in binary) return skipped(version, binary.missing, say);
  const { ok, output } = await smokeTest(root, binary.path);
  say(`${ok ? '✓' : '✗'} Node ${version}: smoke test`);
  if (!ok) say(indent(output));
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** @param {string} root @param {string} node */
function smokeTest(root, node) {
  return run(node, [join(root, 'test/matrix/smoke.cjs')], { cwd: root, timeoutMs: 30_000 });
}

/** @param {string} root @param {string} version @param {(line: string) => void} say @returns {Promise<Tally>} */
async function onNode(root, version, say) {
  const binary = await nodeBinary(root, version);
  if ('missing' in binary) return skipped(version, binary.missing, say);

  const startedMs = performance.now();
  const smoke = await smokeTest(root, binary.path);
  const tests = await runVitest(root, version === NODE_VERSIONS[END_TO_END] ? ['integration', 'e2e'] : ['integration'], {
    node: binary.path,
  });
  const tally = sum(tests.tally, { passed: smoke.ok ? 1 : 0, failed: smoke.ok ? 0 : 1, skipped: 0 });
  say(`${tally.failed === 0 ? '✓' : '✗'} Node ${version}: ${closingLine(tally)} (${seconds(startedMs)})`);
  if (!smoke.ok) say(indent(`The smoke test failed:\n${smoke.output}`));
  if (tests.tally.failed > 0) say(indent(tests.output));
  return tally;
}

/** @param {string} version @param {string} why @param {(line: string) => void} say @returns {Tally} */
function skipped(version, why, say) {
  say(`- Node ${version}: skipped, ${why}`);
  return { ...emptyTally(), skipped: 1 };
}
