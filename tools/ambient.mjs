import { lineAt, parse, walk } from './repo/source-code.mjs';
import { isShipped } from './repo/tree.mjs';

/** @typedef {import('./repo/source-code.mjs').Node} Node */

/** What people and tests want to own, by what it gives. */
const SOURCES = {
  time: {
    globals: ['setTimeout', 'setInterval'],
    members: ['new Date()', 'Date()', 'Date.now', 'performance.now', 'process.hrtime'],
    modules: ['timers', 'perf_hooks'],
  },
  chance: { globals: [], members: ['Math.random'], modules: [] },
  output: { globals: ['console'], members: [], modules: ['console'] },
};

/** The files through which each comes in, and nothing else. @type {Readonly<Record<string, keyof typeof SOURCES>>} */
const DOORS = {
  'packages/core/src/clock.ts': 'time',
  'packages/core/src/random.ts': 'chance',
  'packages/core/src/log.ts': 'output',
};

/**
 * Time, chance and output come in from outside, so that tests own them: no package reads the clock, sets a timer, draws
 * a random number or prints by itself.
 * @param {import('./repo/tree.mjs').Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const files = tree.files.filter(isShipped);
  const findings = files.flatMap((file) => {
    const text = tree.read(file);
    /** @type {import('./repo/tree.mjs').Finding[]} */
    const found = [];
    walk(parse(file, text), (node, parent) => {
      const reach = reachOf(node, parent);
      if (!reach || reach.source === DOORS[file]) return;
      found.push({ file, line: lineAt(text, node.start), text: `${reach.name}: take a Clock, a Random or a logger instead.` });
    });
    return found;
  });
  return { looked: files.length, noun: 'file', findings };
}

/**
 * @param {Node} node
 * @param {Node | undefined} parent
 * @returns {{ name: string, source: string } | undefined} what the node reaches for
 */
function reachOf(node, parent) {
  const name = ambientName(node, parent);
  if (name === undefined) return undefined;
  const plain =
    name
      .replace(/^globalThis\./, '')
      .replace(/^node:/, '')
      .split('/')[0] ?? '';
  const found = Object.entries(SOURCES).find(([, { globals, members, modules }]) =>
    [...globals, ...members, ...modules].includes(plain),
  );
  return found && { name, source: found[0] };
}

/** @param {Node} node @param {Node | undefined} parent @returns {string | undefined} */
function ambientName(node, parent) {
  switch (node.type) {
    case 'NewExpression':
      return node.callee.name === 'Date' && node.arguments.length === 0 ? 'new Date()' : undefined;
    case 'CallExpression':
      return node.callee.name === 'Date' ? 'Date()' : undefined;
    case 'MemberExpression':
      return memberName(node);
    case 'Identifier':
      return isReference(node, parent) ? node.name : undefined;
    case 'ImportDeclaration':
      return node.importKind === 'type' ? undefined : node.source.value;
    default:
      return undefined;
  }
}

/** `Date.now` of a plain member expression. @param {Node} node */
function memberName(node) {
  if (node.object.type !== 'Identifier') return undefined;
  const member = node.computed ? node.property.value : node.property.name;
  return typeof member === 'string' ? `${node.object.name}.${member}` : undefined;
}

/** Where a name is a name and reaches for nothing. */
const NAMES_ONLY = [
  'TSTypeQuery',
  'TSPropertySignature',
  'TSMethodSignature',
  'MethodDefinition',
  'PropertyDefinition',
  'ImportSpecifier',
  'ExportSpecifier',
];

/** A use of the value, not a property of that name and not a type. @param {Node} node @param {Node | undefined} parent */
function isReference(node, parent) {
  if (!parent) return false;
  if (parent.type === 'MemberExpression') return parent.object === node || parent.computed;
  if (parent.type === 'Property') return parent.value === node;
  return !NAMES_ONLY.includes(parent.type);
}
