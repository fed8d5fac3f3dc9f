import { writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isMain, REPOSITORY } from './repo/command.mjs';
import { anchorsOf, blocksOf, linksOf, regionOf } from './repo/markdown.mjs';
import { readTree } from './repo/tree.mjs';

/** @typedef {import('./repo/tree.mjs').Tree} Tree */
/** @typedef {import('./repo/tree.mjs').Finding} Finding */
/** @typedef {import('./repo/markdown.mjs').Block} Block */

/** Blocks in these languages run somewhere; in the README each must come from a file that the tests run. */
const RUNNABLE = ['js', 'ts', 'javascript', 'typescript', 'mjs', 'cjs', 'mts', 'cts'];

/**
 * Code in the documents is a copy of code that runs, and what they link to is there.
 * A block is bound to its file by a comment above it: `<!-- example: examples/quickstart/order-service.js#region -->`.
 * @param {Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const documents = tree.files.filter(isDocument);
  const missing = tree.has('README.md') ? [] : [{ file: 'README.md', text: 'is missing.' }];
  const findings = documents.flatMap((file) => [
    ...blocksOf(tree.read(file)).flatMap((block) => blockFindings(tree, file, block)),
    ...linksOf(tree.read(file)).flatMap((link) => linkFindings(tree, file, link)),
  ]);
  return { looked: documents.length, noun: 'document', findings: [...missing, ...findings] };
}

/**
 * @param {Tree} tree
 * @returns {Map<string, string>} the documents whose blocks differ from their files, with the blocks refreshed
 */
export function refreshed(tree) {
  /** @type {Map<string, string>} */
  const changed = new Map();
  for (const file of tree.files.filter(isDocument)) {
    const lines = tree.read(file).split('\n');
    for (const block of blocksOf(tree.read(file)).reverse()) {
      const wanted = block.example === undefined ? undefined : exampleText(tree, block.example);
      if (wanted !== undefined) lines.splice(block.line, block.text.length, ...wanted);
    }
    const text = lines.join('\n');
    if (text !== tree.read(file)) changed.set(file, text);
  }
  return changed;
}

/** @param {string} file */
function isDocument(file) {
  return /^[^/]+\.md$|^docs\/.+\.md$|^(packages|examples)\/.+\.md$/.test(file);
}

/** @param {Tree} tree @param {string} file @param {Block} block @returns {Finding[]} */
function blockFindings(tree, file, block) {
  const { line, example, language } = block;
  if (example === undefined) {
    const mustBeBound = file === 'README.md' && RUNNABLE.includes(language);
    return mustBeBound ? [{ file, line, text: 'This block names no file: put `<!-- example: examples/… -->` above it.' }] : [];
  }
  const wanted = exampleText(tree, example);
  if (wanted === undefined) return [{ file, line, text: `There is no ${example}: the file is missing, or the region in it.` }];
  if (wanted.length === 0) return [{ file, line, text: `${example} is empty.` }];
  const isSame = wanted.join('\n') === block.text.join('\n');
  return isSame ? [] : [{ file, line, text: `This block differs from ${example}. Refresh it: node tools/docs.mjs --write` }];
}

/** @param {Tree} tree @param {string} example @returns {string[] | undefined} its lines */
function exampleText(tree, example) {
  const [path = '', region] = example.split('#');
  return tree.files.includes(path) ? regionOf(tree.read(path), region) : undefined;
}

/** A link to a test shows its title, so that a claim and what proves it stay together. @param {Tree} tree @param {string} file @param {{ text: string, target: string, line: number }} link @returns {Finding[]} */
function linkFindings(tree, file, { text, target, line }) {
  if (/^[a-z][a-z+.-]*:|^\/\//i.test(target)) return [];
  const [path = '', anchor] = target.split('#');
  const linked = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), decodeURI(path)));
  if (!tree.has(linked)) return [{ file, line, text: `The link to ${target} leads nowhere.` }];
  if (linked.endsWith('.test.ts') && !tree.read(linked).includes(text)) {
    return [{ file, line, text: `${linked} has no test with the title "${text}".` }];
  }
  if (!anchor || !linked.endsWith('.md') || anchorsOf(tree.read(linked)).has(anchor)) return [];
  return [{ file, line, text: `${linked} has no heading #${anchor}.` }];
}

if (isMain(import.meta.url)) {
  const changed = process.argv.includes('--write') ? refreshed(readTree(REPOSITORY)) : new Map();
  for (const [file, text] of changed) {
    writeFileSync(join(REPOSITORY, file), text);
    console.log(`refreshed ${file}`);
  }
  const { looked, findings } = check(readTree(REPOSITORY));
  for (const { file, line, text } of findings) console.log(`${file}${line ? `:${line}` : ''}  ${text}`);
  console.log(`${looked} documents, ${findings.length} findings`);
  process.exitCode = findings.length > 0 || looked === 0 ? 1 : 0;
}
