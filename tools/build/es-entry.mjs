/**
 * The ES entry is a thin wrapper over the CommonJS build, in code and in types, so that `import` and `require` give the
 * same functions, the same classes and the same interfaces to augment.
 *
 * Names are listed one by one: Node finds them in the CommonJS file by scanning it, and bundlers need no guess.
 * @param {string} name of the entry's files
 * @param {readonly string[]} values what the CommonJS build exports, `default` included
 */
export function esEntryCode(name, values) {
  return `export { ${values.toSorted().join(', ')} } from './${baseName(name)}.cjs';\n`;
}

/**
 * `export *` does not reach through `export =`, so a callable entry lists its names, types included.
 * @param {string} name
 * @param {readonly string[] | undefined} names of a callable entry; nothing for any other
 */
export function esEntryTypes(name, names) {
  const exported = names === undefined ? '*' : `{ ${['default', ...names].toSorted().join(', ')} }`;
  return `export ${exported} from './${baseName(name)}.cjs';\n`;
}

/** @param {string} name */
function baseName(name) {
  return name.slice(name.lastIndexOf('/') + 1);
}
