// What the plugin adds to a bare Express app: time until it listens, memory, packages. Processes in turn, in one run.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { atMost, median } from './report.mjs';

const ROUNDS = 21;
const APP = fileURLToPath(new URL('./start-cost/app.cjs', import.meta.url));

/** @param {'bare' | 'plugin'} kind @returns {Promise<{ ms: number, rss: number }>} */
async function start(kind) {
  const env = { ...process.env, EXPRESS_DISCOVERY_KEY: 'a-key-for-the-bench-alone', NODE_ENV: 'production' };
  const child = fork(APP, [kind], { env, execArgv: ['--expose-gc'] });
  const [message] = await once(child, 'message');
  await once(child, 'exit');
  return message;
}

/** Packages that `npm i express-micro` adds to a project that has Express: itself and what it needs, each once. */
function addedPackages() {
  const require = createRequire(import.meta.url);
  const inExpress = collect('express', require, new Map());
  const inPlugin = collect('express-micro', require, new Map());
  return [...inPlugin.keys()].filter((name) => !inExpress.has(name));
}

/** @param {string} name @param {NodeJS.Require} require @param {Map<string, string>} found */
function collect(name, require, found) {
  const file = require.resolve(`${name}/package.json`);
  const { version, dependencies = {} } = JSON.parse(readFileSync(file, 'utf8'));
  if (found.has(name)) return found;
  found.set(name, version);
  for (const dependency of Object.keys(dependencies)) {
    try {
      collect(dependency, createRequire(file), found);
    } catch (error) {
      // A package that does not export its package.json is counted without a look at its own dependencies.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
      found.set(dependency, 'unknown');
    }
  }
  return found;
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureStartCost() {
  const time = /** @type {number[]} */ ([]);
  const memory = /** @type {number[]} */ ([]);
  await start('bare');
  await start('plugin');
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`\rstart cost: round ${round + 1} of ${ROUNDS}`);
    const first = round % 2 === 0 ? 'bare' : 'plugin';
    const one = await start(first);
    const other = await start(first === 'bare' ? 'plugin' : 'bare');
    const [bare, plugin] = first === 'bare' ? [one, other] : [other, one];
    time.push(plugin.ms - bare.ms);
    memory.push((plugin.rss - bare.rss) / 1_048_576);
  }
  process.stderr.write('\n');
  const packages = addedPackages();
  return [
    atMost(
      'start-up over a bare Express app, time until it listens',
      median(time),
      40,
      'ms',
      `median of ${ROUNDS} pairs of processes`,
    ),
    atMost('the same, memory', median(memory), 15, 'MB', 'resident set, after a collection'),
    atMost('packages installed', packages.length, 6, '', packages.join(', ')),
  ];
}
