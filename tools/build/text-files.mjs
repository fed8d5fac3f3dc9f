import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SUFFIX = '?raw';

/**
 * `import script from './page.js?raw'` gives the text of a file, as Vite does for the tests: what browsers load goes out with the code, and is found
 * wherever that is bundled to.
 * @type {import('rolldown').Plugin}
 */
export const textFiles = {
  name: 'text-files',
  resolveId(specifier, importer) {
    if (!specifier.endsWith(SUFFIX) || importer === undefined) return undefined;
    return join(dirname(importer), specifier);
  },
  load(id) {
    if (!id.endsWith(SUFFIX)) return undefined;
    const text = readFileSync(id.slice(0, -SUFFIX.length), 'utf8');
    return { code: `export default ${JSON.stringify(text)};`, moduleType: 'js' };
  },
};
