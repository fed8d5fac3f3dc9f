// The parsers of all packages, as `bundle.mjs` has made them ready.

/** @typedef {{ name: string, property: import('fast-check').IRawProperty<unknown, boolean> }} Parser */

export const PACKAGES = ['mesh', 'http'];
export const FOLDER = new URL('../.cache/fuzz/', import.meta.url);

/** @returns {Promise<{ parsers: Parser[], failureOf: (details: import('fast-check').RunDetails<unknown>) => string | undefined }>} */
export async function loadParsers() {
  const bundles = await Promise.all(PACKAGES.map((room) => import(new URL(`${room}.mjs`, FOLDER).href)));
  return { parsers: bundles.flatMap(({ PARSERS }) => PARSERS), failureOf: bundles[0]?.failureOf };
}
