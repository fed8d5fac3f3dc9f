import { join } from 'node:path';
import { REPOSITORY, runTool } from './repo/command.mjs';

/** @typedef {import('./repo/tree.mjs').Verdict} Verdict */
/** @typedef {import('./repo/command.mjs').Outcome} Outcome */

/**
 * Types, with TypeScript itself, over one project.
 * Type tests (`*.test-d.ts`) belong to it: `expectTypeOf` of a wrong type is a compile error, and nothing is run.
 * @param {string} root
 * @param {string} project folder of a tsconfig
 */
export async function types(root, project) {
  const outcome = await runTool('tsc', ['-p', project, '--listFiles', '--pretty', 'false'], { cwd: root });
  const lines = outcome.output.trim().split('\n');
  const files = lines.filter((line) => /^([A-Z]:)?\//.test(line));
  const own = files.filter((line) => !line.includes('/node_modules/'));
  const errors = lines.filter((line) => !files.includes(line));
  return verdict(own.length, 'file', `tsc -p ${project}`, { ...outcome, output: errors.join('\n') });
}

/** Lint and format. @param {string} root */
export async function lint(root) {
  const outcome = await runTool('biome', ['check', '--error-on-warnings', '--max-diagnostics=40', '--colors=off'], { cwd: root });
  return verdict(numberIn(/Checked (\d+) file/, outcome.output), 'file', 'biome check', outcome);
}

/** Promises that nobody waits for, and promises where none is expected. @param {string} root */
export async function promises(root) {
  const env = { OXLINT_TSGOLINT_PATH: join(REPOSITORY, 'node_modules/.bin/tsgolint') };
  const outcome = await runTool('oxlint', ['--type-aware', '--deny-warnings'], { cwd: root, env });
  return verdict(numberIn(/ on (\d+) file/, outcome.output), 'file', 'oxlint --type-aware', outcome);
}

/** Files, exports and dependencies that nothing uses. @param {string} root @param {number} looked how many files there are to look at */
export async function deadCode(root, looked) {
  const outcome = await runTool('knip', ['--no-progress', '--no-config-hints'], { cwd: root });
  return verdict(looked, 'file', 'knip', outcome);
}

/** @param {RegExp} pattern @param {string} output */
function numberIn(pattern, output) {
  return Number(pattern.exec(output)?.[1] ?? 0);
}

/**
 * @param {number} looked
 * @param {string} noun
 * @param {string} command
 * @param {Outcome} outcome
 * @returns {Verdict}
 */
function verdict(looked, noun, command, { ok, output }) {
  return { looked, noun, findings: ok ? [] : [{ file: command, text: `\n${output.trim() || 'failed and said nothing.'}` }] };
}
