import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { REPOSITORY, run } from './command.mjs';
import { emptyTally } from './tally.mjs';

/** @typedef {import('./tally.mjs').Tally} Tally */

/**
 * Runs vitest projects and counts what ran.
 * @param {string} root
 * @param {readonly string[]} projects
 * @param {{ node?: string, show?: boolean, timeoutMs?: number }} [options] `node` is the binary that runs vitest and its workers
 * @returns {Promise<{ tally: Tally, output: string }>}
 */
export async function runVitest(root, projects, { node = process.execPath, show = false, timeoutMs } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'express-micro-vitest-'));
  const report = join(folder, 'report.json');
  try {
    const { ok, output } = await run(
      node,
      [
        join(REPOSITORY, 'node_modules/vitest/vitest.mjs'),
        'run',
        ...projects.flatMap((project) => ['--project', project]),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      {
        cwd: root,
        env: { PATH: [dirname(node), process.env.PATH].join(delimiter) },
        show,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
    );
    return { tally: tallyOf(readReport(report), ok), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @typedef {object} Report the part of vitest's JSON report that counts
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ status: string, assertionResults: unknown[] }[]} testResults one a file
 */

/**
 * A file that fails without a test in it counts as one failure; so does a run that fails though all its tests passed, that
 * wrote no report, or in which nothing ran.
 * @param {Report | undefined} report
 * @param {boolean} ok whether vitest itself was content
 * @returns {Tally}
 */
export function tallyOf(report, ok) {
  if (!report) return { ...emptyTally(), failed: 1 };
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + broken;
  const ranNothing = report.numPassedTests + failed + skipped === 0;
  return { passed: report.numPassedTests, failed: failed === 0 && (!ok || ranNothing) ? 1 : failed, skipped };
}

/** @param {string} path @returns {Report | undefined} */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
