import * as ambient from './ambient.mjs';
import * as boundaries from './boundaries.mjs';
import { buildAll } from './build.mjs';
import * as docs from './docs.mjs';
import * as errorCatalogue from './error-catalogue.mjs';
import * as exported from './exports.mjs';
import * as external from './external.mjs';
import * as fileSize from './file-size.mjs';
import * as localNames from './local-names.mjs';
import * as lockFile from './lock-file.mjs';
import * as names from './names.mjs';
import { isMain, REPOSITORY } from './repo/command.mjs';
import { counted, indent, seconds } from './repo/progress.mjs';
import { isCode, readTree } from './repo/tree.mjs';

/** @typedef {import('./repo/tree.mjs').Verdict} Verdict */
/** @typedef {import('./repo/tree.mjs').Finding} Finding */
/** @typedef {readonly [name: string, look: () => Verdict | Promise<Verdict>]} Check */

/**
 * All that the repository asks of itself, the quick and telling ones first.
 * @param {string} root
 * @returns {Check[]}
 */
function checksOf(root) {
  const tree = readTree(root);
  return [
    ['types: packages', () => external.types(root, 'packages')],
    ['types: tests and examples', () => external.types(root, '.')],
    ['types: tools', () => external.types(root, 'tools')],
    ['lint and format', () => external.lint(root)],
    ['floating promises', () => external.promises(root)],
    ['package boundaries', () => boundaries.check(tree)],
    ['clock, chance, console', () => ambient.check(tree)],
    ['error catalogue', () => errorCatalogue.check(tree)],
    ['documents', () => docs.check(tree)],
    ['file size', () => fileSize.check(tree)],
    ['file names', () => names.check(tree)],
    ['local names', async () => localNames.check(tree, await localNames.thisMachine(root))],
    ['lock file', () => lockFile.check(tree)],
    ['dead code', () => external.deadCode(root, tree.files.filter(isCode).length)],
    ['exports', () => exportsOfBuild(root)],
  ];
}

/** @param {string} root */
async function exportsOfBuild(root) {
  await buildAll(root, { say: () => {} });
  return exported.check(root);
}

/**
 * Runs checks one after another, says what each found, and ends in one line.
 * @param {readonly Check[]} checks
 * @param {(line: string) => void} [say]
 * @returns {Promise<boolean>} whether all passed
 */
export async function runChecks(checks, say = console.log) {
  const startedMs = performance.now();
  let failed = 0;
  for (const [name, look] of checks) {
    const checkStartedMs = performance.now();
    const { looked, noun, findings, warnings = [] } = await verdictOf(look);
    const passed = findings.length === 0 && looked > 0;
    if (!passed) failed += 1;
    const result = findings.length > 0 ? counted(findings.length, 'finding') : `checked ${counted(looked, noun)}`;
    say(`${passed ? '✓' : '✗'} ${name.padEnd(26)} ${result} (${seconds(checkStartedMs)})`);
    for (const finding of findings) say(indent(line(finding), '    '));
    for (const warning of warnings) say(indent(`warning: ${line(warning)}`, '    '));
  }
  const passed = checks.length - failed;
  say(`check: ${passed} passed, ${failed} failed (${seconds(startedMs)})`);
  return failed === 0 && passed > 0;
}

/** A check that breaks has failed. @param {Check[1]} look @returns {Promise<Verdict>} */
async function verdictOf(look) {
  try {
    return await look();
  } catch (error) {
    return { looked: 0, noun: 'thing', findings: [{ file: 'this check broke', text: String(error) }] };
  }
}

/** @param {Finding} finding */
function line({ file, line: at, text }) {
  return `${file}${at === undefined ? '' : `:${at}`}  ${text}`;
}

if (isMain(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const checks = checksOf(REPOSITORY).filter(([name]) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
  if (checks.length === 0) console.error(`No check is called ${wanted.join(' or ')}.`);
  process.exitCode = (await runChecks(checks)) ? 0 : 1;
}
