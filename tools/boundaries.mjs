import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { ARROWS, INSIDE } from './boundaries.table.mjs';
import { importsOf } from './repo/source-code.mjs';
import { isCode, isShipped, isTest, roomOf } from './repo/tree.mjs';

/** @typedef {import('./repo/tree.mjs').Tree} Tree */
/** @typedef {import('./repo/tree.mjs').Finding} Finding */
/** @typedef {import('./repo/source-code.mjs').Import & { file: string }} Use */
/** @typedef {{ room: string, name: string, version: string, subpaths: string[], dependencies: Record<string, string> }} House */

/**
 * Imports run along the arrows of `boundaries.table.mjs`, through the front door of a package, and each third-party
 * library is named in one file of a package.
 * @param {Tree} tree
 * @returns {import('./repo/tree.mjs').Verdict}
 */
export function check(tree) {
  const houses = readHouses(tree);
  const uses = tree.files
    .filter((file) => isCode(file) && !file.startsWith('test/pack/consumers/'))
    .flatMap((file) => importsOf(file, tree.read(file)).map((each) => ({ ...each, file })));
  const findings = [
    ...houses.flatMap((house) => dependencyFindings(house, houses)),
    ...uses.flatMap((use) => packageFindings(use, houses)),
    ...uses.flatMap(roomFindings),
    ...libraryFindings(uses, houses),
  ];
  return { looked: uses.filter((use) => isShipped(use.file)).length, noun: 'import', findings };
}

/** @param {Tree} tree @returns {House[]} */
function readHouses(tree) {
  return tree.files
    .filter((file) => /^packages\/[^/]+\/package\.json$/.test(file))
    .map((file) => {
      const { name, version, exports = {}, dependencies = {} } = JSON.parse(tree.read(file));
      return { room: roomOf(file) ?? '', name, version, subpaths: Object.keys(exports), dependencies };
    });
}

/** What a package's manifest says of the other packages. @param {House} house @param {House[]} houses @returns {Finding[]} */
function dependencyFindings(house, houses) {
  const file = `packages/${house.room}/package.json`;
  const arrows = ARROWS[house.room];
  if (!arrows) return [{ file, text: `"${house.room}" has no row in tools/boundaries.table.mjs. Say there what it may import.` }];
  return houses.flatMap((other) => {
    const wanted = house.dependencies[other.name];
    if (wanted === undefined) return [];
    if (!arrows.includes(other.room)) return [{ file, text: `${house.name} must not depend on ${other.name}.` }];
    if (wanted === other.version) return [];
    return [{ file, text: `${other.name} is wanted as "${wanted}"; packages are released together, so say "${other.version}".` }];
  });
}

/** Between packages. @param {Use} use @param {House[]} houses @returns {Finding[]} */
function packageFindings(use, houses) {
  const { file, line, specifier } = use;
  const from = roomOf(file);
  const target = houses.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (target) {
    const subpath = `.${specifier.slice(target.name.length)}`;
    if (!target.subpaths.includes(subpath)) {
      return [{ file, line, text: `"${specifier}" is not in the exports of ${target.name}.` }];
    }
    const allowed = from === undefined || from === target.room || ARROWS[from]?.includes(target.room);
    return allowed ? [] : [{ file, line, text: `"${from}" must not import "${target.room}": no arrow leads there.` }];
  }
  const reached = specifier.startsWith('.') ? roomOf(posix.join(posix.dirname(file), specifier)) : undefined;
  if (reached === undefined || reached === from) return [];
  return [
    { file, line, text: `"${specifier}" reaches into packages/${reached} past its front door. Import the package by its name.` },
  ];
}

/** Between the folders of one package. @param {Use} use @returns {Finding[]} */
function roomFindings({ file, line, specifier, typeOnly }) {
  const room = roomOf(file);
  const inside = room === undefined ? undefined : INSIDE[room];
  if (!inside || !isShipped(file)) return [];
  const [from, ...rest] = file.split('/').slice(3);
  if (from === undefined || rest.length === 0) return [];
  const rules = inside.folders[from];
  if (!rules) return [{ file, line, text: `"${room}/src/${from}" has no row in tools/boundaries.table.mjs.` }];
  if (rules.without?.some((banned) => banned.test(specifier))) {
    return [{ file, line, text: `"${from}" must not touch "${specifier}": its decisions are pure, its shell stands elsewhere.` }];
  }
  if (!specifier.startsWith('.')) return [];
  const [to = '', ...inner] = posix.join(posix.dirname(file), specifier).split('/').slice(3);
  if (inner.length === 0) {
    const name = to.replace(/\.[cm]?[jt]s$/, '');
    return inside.shared.includes(name)
      ? []
      : [
          {
            file,
            line,
            text: `"${from}" must not import "${to}": files beside the folders put them together. Shared are only: ${inside.shared.join(', ')}.`,
          },
        ];
  }
  if (to === from || rules.imports?.includes(to)) return [];
  if (rules.types?.includes(to)) {
    return typeOnly ? [] : [{ file, line, text: `"${from}" may know only the types of "${to}". Write \`import type\`.` }];
  }
  return [{ file, line, text: `"${from}" must not import "${to}". See tools/boundaries.table.mjs.` }];
}

/** One library, one file. @param {readonly Use[]} uses @param {House[]} houses @returns {Finding[]} */
function libraryFindings(uses, houses) {
  /** @type {Map<string, string>} */
  const homes = new Map();
  return uses.flatMap(({ file, line, specifier }) => {
    if (!isShipped(file) || isTest(file) || /^[./#]/.test(specifier) || isBuiltin(specifier)) return [];
    const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    if (houses.some(({ name }) => name === library)) return [];
    const key = `${roomOf(file)} ${library}`;
    const home = homes.get(key) ?? file;
    homes.set(key, home);
    return home === file
      ? []
      : [{ file, line, text: `"${library}" is named in ${home} already. One file a library: its adapter.` }];
  });
}
