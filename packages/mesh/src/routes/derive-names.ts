import { camelCase, capitalised } from './camel-case.ts';
import { isPlural, pluralOf, singularOf } from './inflection.ts';
import type { PathTemplate, TemplateSegment } from './template-grammar.ts';

/** How much of a leading `/api/v1` the names keep: nothing, the version, or all of it. */
export type Prefix = 'dropped' | 'version' | 'whole';

/** What a route is called by its method and path alone. */
export interface DerivedNames {
  /** What the route has the first right to. */
  readonly first: readonly string[];
  /** What it takes where nobody has a better right: the short form, and the word as it is written where `first` has its plural. */
  readonly second: readonly string[];
  /** The plural for an item, which a collection would own: `getOrders` for `/orders/:userId`. */
  readonly plural: readonly string[];
}

/** What the other routes have to do with the names of one. */
export interface Surroundings {
  /** Whether an item stands directly below this path: then it is a collection, though its noun be singular (`/user`, `/user/:id`). */
  readonly hasItems: boolean;
  /** Whether a PUT (or an `app.all`) stands on the same path: then `update` is its. */
  readonly hasPut: boolean;
}

/** The methods that a route of `app.all` is called by. */
export const METHODS_OF_ALL: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** `get` is not alone: a collection is also listed, a PATCH also updates. */
const VERBS: ReadonlyMap<string, string> = new Map([
  ['GET', 'get'],
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/**
 * Names by method and path.
 *
 * - `GET /users/:id` → `getUser`, and as plural `getUsers`; `GET /users` → `getUsers`, `listUsers`
 * - `POST /orders` → `createOrder`; `POST /login` → `createLogin`; `POST /orders/:id/cancel` → `createOrderCancel`
 * - `PUT /users/:id` → `updateUser`; `PATCH` → `patchUser`, and `updateUser` where no PUT stands; `DELETE` → `deleteUser`
 * - `HEAD /users` → `headUsers`; any other method by its own name: `PURGE /users` → `purgeUsers`
 * - `GET /users/:id/orders` → `getUserOrders`: what owns a parameter is singular
 * - `GET /shop/products/:id` → `getShopProduct`, and short `getProduct`
 * - `GET /health` → `getHealth`: a word that is no plural stays as it is written
 * - `GET /` → `getRoot`; `GET /:slug` → `getBySlug`: without a word the parameter gives the name
 * - `GET /news/:id` → `getNewsById`, and as plural `getNews`: one and many have the same word
 */
export function deriveNames(method: string, template: PathTemplate, prefix: Prefix, around: Surroundings): DerivedNames {
  const path = readPath(template, prefix);
  const verb = VERBS.get(method) ?? camelCase(method);
  if (path.noun === undefined) {
    const name = path.parameters.length === 0 ? `${verb}Root` : verb + by(path.parameters);
    return { first: [name], second: [], plural: [] };
  }
  const { first, written, plural } = lastWords(method, verb, path, around);
  const under = (owners: readonly string[]) => (claim: Claim) =>
    claim.verb + owners.map(capitalised).join('') + capitalised(claim.noun);
  return {
    first: first.map(under(path.owners)),
    second: [
      ...(path.shortOwners.length === path.owners.length ? [] : first.map(under(path.shortOwners))),
      ...written.map(under(path.owners)),
    ],
    plural: plural.map(under(path.owners)),
  };
}

/** Whether the path begins with `api` or a version that names may drop. */
export function hasPrefix({ segments }: PathTemplate): boolean {
  const words = segments.map(staticWord);
  const last = words.findLastIndex((word) => word !== undefined);
  return leadingWords(words, last) > 0;
}

interface Claim {
  readonly verb: string;
  readonly noun: string;
}

interface Claims {
  readonly first: readonly Claim[];
  /** A collection with a singular word, as it is written. */
  readonly written: readonly Claim[];
  readonly plural: readonly Claim[];
}

function lastWords(method: string, verb: string, path: ReadPath, around: Surroundings): Claims {
  const word = path.noun ?? '';
  const singular = singularOf(word);
  const verbs = method === 'PATCH' && !around.hasPut ? [verb, 'update'] : [verb];
  const named = (noun: string): Claim[] => verbs.map((each) => ({ verb: each, noun }));
  if (method === 'POST') return { first: named(singular), written: [], plural: [] };
  if (path.isItem) {
    if (method !== 'GET') return { first: named(singular), written: [], plural: [] };
    const plural = pluralOf(singular);
    return { first: named(plural === singular ? singular + by(path.parameters) : singular), written: [], plural: named(plural) };
  }
  const isCollection = around.hasItems || isPlural(word);
  const noun = isCollection ? pluralOf(word) : word;
  const list = isCollection && method === 'GET' ? [{ verb: 'list', noun }] : [];
  return { first: [...named(noun), ...list], written: noun === word ? [] : named(word), plural: [] };
}

interface ReadPath {
  /** The last static segment, in camel case; `undefined` for a path without any. */
  readonly noun: string | undefined;
  /** Whether parameters follow the noun. */
  readonly isItem: boolean;
  /** The words before the noun, ready to be put together. */
  readonly owners: readonly string[];
  /** Those of them that a short name keeps (`getProduct` for `/shop/products/:id`): the prefix, and what owns a parameter. */
  readonly shortOwners: readonly string[];
  readonly parameters: readonly string[];
}

function readPath(template: PathTemplate, prefix: Prefix): ReadPath {
  const words = template.segments.filter((segment) => segment.length > 0).map(staticWord);
  const last = words.findLastIndex((word) => word !== undefined);
  const noun = words[last];
  const lead = leadingWords(words, last);
  const owners: string[] = [];
  const shortOwners: string[] = [];
  words.slice(0, Math.max(last, 0)).forEach((word, index) => {
    if (word === undefined) return;
    const isKept = prefix === 'whole' || (prefix === 'version' && isVersion(word));
    if (index < lead && !isKept) return;
    const ownsParameter = words[index + 1] === undefined;
    owners.push(ownsParameter ? singularOf(word) : word);
    if (index < lead || ownsParameter) shortOwners.push(ownsParameter ? singularOf(word) : word);
  });
  return { noun, isItem: last < words.length - 1, owners, shortOwners, parameters: template.parameters };
}

/** How many segments at the start are `api` or a version, of those before the noun. */
function leadingWords(words: readonly (string | undefined)[], last: number): number {
  let lead = 0;
  while (lead < last && (words[lead] === 'api' || isVersion(words[lead]))) lead++;
  return lead;
}

function isVersion(word: string | undefined): boolean {
  return word !== undefined && /^v\d+$/.test(word);
}

/** The word of a segment of plain text; `undefined` where it has a parameter, or no letter or digit at all. */
function staticWord(segment: TemplateSegment): string | undefined {
  const [only] = segment;
  if (segment.length !== 1 || only?.kind !== 'text') return undefined;
  return camelCase(decoded(only.text)) || undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function by(parameters: readonly string[]): string {
  return `By${parameters.map((name) => capitalised(camelCase(name))).join('And')}`;
}
