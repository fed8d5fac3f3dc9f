import { isCode } from './repo/tree.mjs';

const LOOK_AGAIN = 250;
const TOO_LONG = 400;

/**
 * A file is about 100 lines; look again at 250; past 400 it must be taken apart.
 * @param {import('./repo/tree.mjs').Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const sized = tree.files.filter(isCode).map((file) => ({ file, lines: tree.read(file).trimEnd().split('\n').length }));
  return {
    looked: sized.length,
    noun: 'file',
    findings: sized
      .filter(({ lines }) => lines > TOO_LONG)
      .map(({ file, lines }) => ({ file, text: `${lines} lines, ${TOO_LONG} at most. Take it apart.` })),
    warnings: sized
      .filter(({ lines }) => lines > LOOK_AGAIN && lines <= TOO_LONG)
      .map(({ file, lines }) => ({ file, text: `${lines} lines. Does it still do one thing?` })),
  };
}
