import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * What has to be said of libraries whose code goes out within a build: which they are, and their licences, word for word.
 * @param {string} folder of the package that is built
 * @param {readonly string[]} names of the libraries
 */
export function licences(folder, names) {
  return names
    .map((name) => {
      const home = homeOf(folder, name);
      const { version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
      const file = readdirSync(home).find((each) => /^licen[cs]e(\.|$)/i.test(each));
      if (file === undefined) throw new Error(`${name} goes out within the build and has no licence that could go along.`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
    })
    .join('\n');
}

/** Where it is installed: its `exports` need not have its manifest. @param {string} folder @param {string} name */
function homeOf(folder, name) {
  const places = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? [];
  const found = places.map((place) => join(place, name)).find((home) => existsSync(join(home, 'package.json')));
  if (found === undefined) throw new Error(`${name} goes out within the build, and is not installed.`);
  return found;
}
