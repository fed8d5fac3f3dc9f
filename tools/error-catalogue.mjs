import { parse, walk } from './repo/source-code.mjs';
import { isShipped, isTest, roomOf } from './repo/tree.mjs';

/** @typedef {import('./repo/tree.mjs').Tree} Tree */
/** @typedef {import('./repo/tree.mjs').Finding} Finding */

const DOCS = 'docs/errors.md';

/**
 * Every code of a package's `*_ERRORS` table is explained in `docs/errors.md`, thrown by the package and named by a test;
 * and the document explains no code that does not exist.
 * @param {Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const catalogues = tree.files.filter((file) => /^packages\/[^/]+\/src\/errors\.ts$/.test(file));
  const codes = catalogues.flatMap((file) => codesIn(file, tree.read(file)).map((code) => ({ code, file })));
  if (!tree.has(DOCS)) {
    return { looked: codes.length, noun: 'code', findings: [{ file: DOCS, text: 'is missing. It explains every error code.' }] };
  }
  const prefixes = new Set(codes.map(({ code }) => code.split('_', 1)[0] ?? ''));
  const { explained, mentioned } = codesOfDocument(tree.read(DOCS), prefixes);
  const tested = tree.files.filter(isTest).map((file) => tree.read(file));
  const findings = codes.flatMap(({ code, file }) => {
    const named = new RegExp(`\\b${code}\\b`);
    /** @type {Finding[]} */
    const missing = [];
    if (!explained.has(code)) missing.push({ file: DOCS, text: `does not explain ${code} of ${file}.` });
    if (!isThrown(tree, file, code))
      missing.push({ file, text: `${code} is thrown nowhere in this package. Throw it or strike it.` });
    if (!tested.some((text) => named.test(text))) missing.push({ file, text: `${code} is named in no test.` });
    return missing;
  });
  const unknown = [...mentioned].filter(([code]) => !codes.some((known) => known.code === code));
  const stale = unknown.map(([code, line]) => ({ file: DOCS, line, text: `speaks of ${code}, which no catalogue has.` }));
  return { looked: codes.length, noun: 'code', findings: [...findings, ...stale] };
}

/** The keys of the tables named `…_ERRORS`. @param {string} file @param {string} text @returns {string[]} */
function codesIn(file, text) {
  /** @type {string[]} */
  const codes = [];
  walk(parse(file, text), (node) => {
    if (node.type !== 'VariableDeclarator' || !/_ERRORS$/.test(node.id.name ?? '')) return;
    const table = node.init?.type === 'CallExpression' ? node.init.arguments[0] : node.init;
    for (const property of table?.properties ?? []) codes.push(property.key.name ?? property.key.value);
  });
  return codes;
}

/** A code counts as thrown where it stands as a string in shipped code, not as a type. @param {Tree} tree @param {string} catalogue @param {string} code */
function isThrown(tree, catalogue, code) {
  return tree.files.some((file) => {
    if (!isShipped(file) || roomOf(file) !== roomOf(catalogue) || !tree.read(file).includes(code)) return false;
    let found = false;
    walk(parse(file, tree.read(file)), (node, parent) => {
      found ||= node.type === 'Literal' && node.value === code && parent?.type !== 'TSLiteralType' && parent?.key !== node;
    });
    return found;
  });
}

/**
 * @param {string} text
 * @param {ReadonlySet<string>} prefixes of the codes that exist
 */
function codesOfDocument(text, prefixes) {
  /** Code → line, where a heading, a list item or a row of a table begins with it. @type {Map<string, number>} */
  const explained = new Map();
  /** Code → line, anywhere: no sentence may speak of a code that is gone. @type {Map<string, number>} */
  const mentioned = new Map();
  for (const [at, line] of text.split('\n').entries()) {
    const entry = /^\s*[#|*-]+\s*[`*]*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/.exec(line)?.[1];
    if (entry) explained.set(entry, at + 1);
    for (const [code] of line.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)) {
      if (prefixes.has(code.split('_', 1)[0] ?? '')) mentioned.set(code, at + 1);
    }
  }
  return { explained, mentioned: new Map([...mentioned, ...explained]) };
}
