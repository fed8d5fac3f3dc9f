import { parseSync } from 'oxc-parser';

/** What a function owns already: an export of this name cannot hang on it. */
const OWN_OF_FUNCTIONS = ['name', 'length', 'prototype', 'arguments', 'caller'];

/**
 * Makes `require()` of an entry give its default export itself, with everything else hanging on it.
 * `default` and `__esModule` stay, so that code compiled from `import x from` finds the function under every interop setting.
 * @param {string} code the CommonJS build
 * @param {readonly string[]} values what it exports
 */
export function callableCode(code, values) {
  const clash = values.find((value) => OWN_OF_FUNCTIONS.includes(value));
  if (clash) throw new Error(`An entry with a default export cannot also export "${clash}": functions have their own.`);
  const footer = [
    '',
    '// `require()` gives the function itself; the named exports hang on it.',
    '{',
    '\tconst { [Symbol.toStringTag]: _tag, ...exported } = Object.getOwnPropertyDescriptors(exports);',
    '\tmodule.exports = Object.defineProperties(exports.default, exported);',
    '}',
    '',
  ].join('\n');
  return beforeSourceMap(code, footer);
}

/**
 * The same for the types: `export =` of the function, merged with a namespace that holds the named exports.
 * @param {string} types the declarations that the bundler wrote
 * @returns {{ types: string, names: string[] }} `names` are all named exports, types included
 */
export function callableTypes(types) {
  const { program, errors } = parseSync('index.d.cts', types);
  if (errors[0]) throw new Error(`The declarations cannot be parsed: ${errors[0].message}`);
  const statements = program.body.filter((node) => EXPORTING.includes(node.type));
  const [statement] = statements;
  if (statements.length !== 1 || statement?.type !== 'ExportNamedDeclaration' || statement.declaration || statement.source) {
    throw new Error(
      'The declarations of a callable entry must end in one list of exports. Is there an `export * from` in its index?',
    );
  }

  const exported = statement.specifiers.map((each) => ({ name: nameOf(each.exported), local: nameOf(each.local) }));
  const callable = exported.find((entry) => entry.name === 'default')?.local;
  if (!callable || !new RegExp(`declare function ${callable}\\b`).test(types)) {
    throw new Error(
      'The default export of a callable entry must be declared as a named function: only that merges with a namespace.',
    );
  }
  const names = exported.map((entry) => entry.name).filter((name) => name !== 'default');
  const members = exported.map(({ name, local }) => {
    const target = local === callable ? CALLABLE_ALIAS : local;
    return target === name ? name : `${target} as ${name}`;
  });
  const merged = [
    `declare const ${CALLABLE_ALIAS}: typeof ${callable};`,
    `declare namespace ${callable} {`,
    `  export { ${members.join(', ')} };`,
    '}',
    `export = ${callable};`,
  ].join('\n');
  return { types: types.slice(0, statement.start) + merged + types.slice(statement.end), names };
}

const EXPORTING = ['ExportNamedDeclaration', 'ExportDefaultDeclaration', 'ExportAllDeclaration', 'TSExportAssignment'];

/** @param {import('oxc-parser').ModuleExportName} node */
function nameOf(node) {
  return node.type === 'Literal' ? node.value : node.name;
}

/** Inside the namespace the function's own name would mean the namespace's member: a circle. */
const CALLABLE_ALIAS = '_callable';

/** @param {string} code @param {string} footer */
function beforeSourceMap(code, footer) {
  const at = code.lastIndexOf('//# sourceMappingURL=');
  return at < 0 ? code + footer : `${code.slice(0, at)}${footer.trimStart()}${code.slice(at)}`;
}
