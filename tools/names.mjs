import { posix } from 'node:path';
import { isCode } from './repo/tree.mjs';

/** Say nothing, even as a part of a name. */
const EMPTY_WORDS = ['util', 'utils', 'helper', 'helpers', 'manager'];
/** Say nothing when they are all of a name: `signature-base` is the RFC's word, `base` is nobody's. */
const EMPTY_NAMES = [...EMPTY_WORDS, 'base', 'common', 'misc'];

/**
 * A file's name says what is in it, in kebab-case.
 * @param {import('./repo/tree.mjs').Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const files = tree.files.filter(isCode);
  const findings = files.flatMap((file) => {
    const name = posix.basename(file).replace(/\.[^.]+$/, '');
    const folders = file.split('/').slice(0, -1);
    const empty =
      [...folders, name.split('.')[0] ?? ''].find((word) => EMPTY_NAMES.includes(word.toLowerCase())) ??
      name.split(/[.-]/).find((word) => EMPTY_WORDS.includes(word.toLowerCase()));
    if (empty) return [{ file, text: `"${empty}" says nothing. Name the file after what it holds.` }];
    return /^[a-z0-9]+([.-][a-z0-9]+)*$/.test(name) ? [] : [{ file, text: 'File names are kebab-case.' }];
  });
  return { looked: files.length, noun: 'name', findings };
}
