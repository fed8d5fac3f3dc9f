import { parseSync } from 'oxc-parser';

/** @typedef {{ type: string, start: number, end: number, [key: string]: any }} Node */

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {number} line
 * @property {boolean} typeOnly gone once the types are stripped
 */

/** @type {Map<string, Node>} */
const parsed = new Map();

/**
 * @param {string} path decides the language
 * @param {string} text
 * @returns {Node}
 */
export function parse(path, text) {
  const key = `${path}\0${text}`;
  const known = parsed.get(key);
  if (known) return known;
  const { program, errors } = parseSync(path, text);
  const fatal = errors.find((error) => error.severity === 'Error');
  if (fatal) throw new Error(`${path} cannot be parsed: ${fatal.message}`);
  const node = /** @type {Node} */ (/** @type {unknown} */ (program));
  parsed.set(key, node);
  return node;
}

/**
 * Visits every node, the outer before the inner.
 * @param {Node} node
 * @param {(node: Node, parent: Node | undefined) => void} visit
 * @param {Node} [parent]
 */
export function walk(node, visit, parent) {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof child.type === 'string') walk(child, visit, node);
    }
  }
}

/**
 * Everything a file names from outside: static, dynamic and type imports, re-exports, `require`.
 * @param {string} path
 * @param {string} text
 * @returns {Import[]}
 */
export function importsOf(path, text) {
  /** @type {Import[]} */
  const imports = [];
  walk(parse(path, text), (node) => {
    const source = moduleNamedBy(node);
    if (source?.type === 'Literal' && typeof source.value === 'string') {
      imports.push({ specifier: source.value, line: lineAt(text, source.start), typeOnly: isTypeOnly(node) });
    }
  });
  return imports;
}

/** @param {Node} node @returns {Node | undefined} */
function moduleNamedBy(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return node.source ?? undefined;
    case 'TSExternalModuleReference':
      return node.expression;
    case 'CallExpression':
      return isRequire(node.callee) ? node.arguments[0] : undefined;
    default:
      return undefined;
  }
}

/** `require(…)` and `require.resolve(…)`. @param {Node} callee */
function isRequire(callee) {
  const name = callee.type === 'MemberExpression' ? callee.object : callee;
  return name.type === 'Identifier' && name.name === 'require';
}

/** @param {Node} node */
function isTypeOnly(node) {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = node.specifiers ?? [];
  const kinds = specifiers.map((/** @type {Node} */ each) => each.importKind ?? each.exportKind);
  return kinds.length > 0 && kinds.every((/** @type {unknown} */ kind) => kind === 'type');
}

/** @param {string} text @param {number} offset */
export function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length;
}
