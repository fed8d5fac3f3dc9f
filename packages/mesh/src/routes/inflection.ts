/// <reference path="./pluralize.d.ts" />
import pluralize from 'pluralize';
import { capitalised } from './camel-case.ts';

/**
 * Singular and plural of English nouns. The library is right for most of what stands in paths; the words below are those
 * it gets wrong (`cookies` → `cooky`, `canvas` → `canva`). Its own `addSingularRule` would serve too, but it changes the
 * one copy that the whole process shares, the app included.
 */
const PAIRS: Readonly<Record<string, string>> = {
  axis: 'axes',
  basis: 'bases',
  bias: 'biases',
  cache: 'caches',
  canvas: 'canvases',
  cargo: 'cargoes',
  cookie: 'cookies',
  cpu: 'cpus',
  ellipsis: 'ellipses',
  excuse: 'excuses',
  focus: 'focuses',
  lens: 'lenses',
  live: 'lives',
  oasis: 'oases',
  premise: 'premises',
  schema: 'schemas',
  syllabus: 'syllabuses',
  veto: 'vetoes',
  virus: 'viruses',
};

/** One form for both. The library takes most of them for plurals of words that nobody meant (`sms` → `sm`, `data` → `datum`). */
const UNCHANGING: ReadonlySet<string> = new Set(
  (
    'analytics aws chassis corps css data debris diagnostics dns economics express feedback fish goods gps graphics headquarters ' +
    'health https ios js kubernetes logistics mathematics media metadata money news os physics pos redis series sms species ' +
    'staff statistics sys tls ts vps'
  ).split(' '),
);

/** Those that name many things: `GET /news` is a collection, `GET /health` is not. */
const COLLECTIVE: ReadonlySet<string> = new Set(
  'analytics data diagnostics feedback fish goods graphics media metadata news series species staff statistics'.split(' '),
);

const SINGULAR_OF: ReadonlyMap<string, string> = new Map(Object.entries(PAIRS).map(([singular, plural]) => [plural, singular]));
const PLURAL_OF: ReadonlyMap<string, string> = new Map(Object.entries(PAIRS));

/** `orderItems` → `orderItem`, `people` → `person`, `status` → `status`. Only the last word of a camel-case name changes. */
export function singularOf(name: string): string {
  return changeLastWord(name, toSingular);
}

/** `orderItem` → `orderItems`, `person` → `people`, `news` → `news`. */
export function pluralOf(name: string): string {
  return changeLastWord(name, toPlural);
}

/** Whether a name speaks of many: `orders`, `people`, `news`; not `order`, `status`, `health`. */
export function isPlural(name: string): boolean {
  return changeLastWord(name, (word) => (speaksOfMany(word) ? '' : word)) !== name;
}

function speaksOfMany(word: string): boolean {
  return COLLECTIVE.has(word) || (toSingular(word) !== word && toPlural(word) === word);
}

const toSingular: (word: string) => string = remembered((word) => {
  if (UNCHANGING.has(word) || PLURAL_OF.has(word)) return word;
  return SINGULAR_OF.get(word) ?? pluralize.singular(word);
});

const toPlural: (word: string) => string = remembered((word) => {
  if (UNCHANGING.has(word) || SINGULAR_OF.has(word)) return word;
  return PLURAL_OF.get(word) ?? pluralize.plural(word);
});

/** The library tries some forty patterns a word, and a list of routes has the same few words over and over. */
function remembered(change: (word: string) => string): (word: string) => string {
  const known = new Map<string, string>();
  return (word) => {
    let changed = known.get(word);
    if (changed === undefined) {
      changed = change(word);
      // The words come from other processes: what is kept must have a bound.
      if (known.size >= 1_000) known.clear();
      known.set(word, changed);
    }
    return changed;
  };
}

function changeLastWord(name: string, change: (word: string) => string): string {
  const start = name.search(/\p{Lu}[^\p{Lu}]*$/u);
  if (start <= 0) return change(name);
  return name.slice(0, start) + capitalised(change(name.slice(start).toLowerCase()));
}
