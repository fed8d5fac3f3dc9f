import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUnreachable, runNpm } from '../../tools/repo/command.mjs';
import { indent, seconds } from '../../tools/repo/progress.mjs';
import { emptyTally } from '../../tools/repo/tally.mjs';
import { packAll } from '../../tools/repo/tarballs.mjs';

/** @typedef {import('../../tools/repo/tally.mjs').Tally} Tally */

/** What `npm install @express-micro/fastify` brings. */
const ON_FASTIFY = ['@express-micro/core', '@express-micro/mesh', '@express-micro/fastify'];
/** What `npm install @express-micro/http` brings. */
const TOOLKIT = ['@express-micro/core', '@express-micro/http'];
/** What `npm install express-micro` brings; the rest is for those who ask for it. */
const PLUGIN = ['@express-micro/core', '@express-micro/mesh', 'express-micro'];
/** What an app may gain by the plugin, the plugin included. */
const MAX_ADDED_PACKAGES = 6;
/** A call takes under a second; a process that is still there by then does not end by itself. */
const SCRIPT_TIMEOUT_MS = 60_000;
/** What the order service answers: a consumer that called it has printed this. */
const ANSWER = '[{"userId":"123"}]';

/**
 * Installs the packed tarballs into fresh projects of every kind and runs their scripts, each of which is a test.
 * @param {string} root of a repository that was built
 * @param {{ only?: readonly string[], say?: (line: string) => void }} [options] `only` are names of consumers
 * @returns {Promise<Tally>}
 */
export async function runPack(root, { only, say = console.log } = {}) {
  const work = mkdtempSync(join(tmpdir(), 'express-micro-pack-'));
  const tally = emptyTally();
  try {
    const tarballs = await packAll(root, work);
    /** @param {readonly string[]} names */
    const tarballsOf = (names) => names.map((name) => tarballs.get(name) ?? name);
    const ofPlugin = tarballsOf(PLUGIN);
    const consumers = join(root, 'test/pack/consumers');
    for (const name of readdirSync(consumers).filter((each) => only === undefined || only.includes(each))) {
      const folder = join(work, name);
      cpSync(join(consumers, name), folder, { recursive: true });
      await runConsumer(name, folder, wantedBy(folder), tally, say);
    }
    /** @param {string} folder */
    function wantedBy(folder) {
      const { scripts, dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if ('fastify' in dependencies) return tarballsOf(ON_FASTIFY);
      if ('http' in scripts) return tarballsOf(TOOLKIT);
      return 'observability' in scripts ? tarballsOf([...PLUGIN, '@express-micro/observability']) : ofPlugin;
    }
    if (only === undefined) await countPackages(join(work, 'count'), ofPlugin, tally, say);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return tally;
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {readonly string[]} tarballs
 * @param {Tally} tally
 * @param {(line: string) => void} say
 */
async function runConsumer(name, folder, tarballs, tally, say) {
  const scripts = Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts);
  const installed = await install(folder, tarballs);
  if (!installed.ok) {
    const isSkipped = isUnreachable(installed.output);
    if (isSkipped) tally.skipped += scripts.length;
    else tally.failed += scripts.length;
    say(`${isSkipped ? '- ' : '✗ '}${name}: ${isSkipped ? 'skipped, no registry can be reached' : 'cannot be installed'}`);
    say(indent(installed.output));
    return;
  }
  for (const script of scripts) {
    const startedMs = performance.now();
    const env = { EXPRESS_DISCOVERY_KEY: randomBytes(16).toString('hex'), OTEL_TRACES_EXPORTER: 'none' };
    const { ok, output } = await runNpm(['run', '--silent', script], { cwd: folder, env, timeoutMs: SCRIPT_TIMEOUT_MS });
    const passed = ok && (script !== 'call' || output.includes(ANSWER));
    tally[passed ? 'passed' : 'failed'] += 1;
    say(`${passed ? '✓' : '✗'} ${name}: ${script} (${seconds(startedMs)})`);
    if (!passed) say(indent(ok ? `It ended well and never printed ${ANSWER}:\n${output}` : output));
  }
}

/**
 * @param {string} folder
 * @param {readonly string[]} tarballs
 * @param {Tally} tally
 * @param {(line: string) => void} say
 */
async function countPackages(folder, tarballs, tally, say) {
  mkdirSync(folder);
  const bare = await install(folder, ['express@5.3.0']);
  const before = installedIn(folder);
  const added = await install(folder, tarballs);
  if (!bare.ok || !added.ok) {
    const isSkipped = isUnreachable(bare.output + added.output);
    tally[isSkipped ? 'skipped' : 'failed'] += 1;
    say(`${isSkipped ? '- packages added: skipped, no registry can be reached' : '✗ packages added: cannot be installed'}`);
    say(indent(bare.output + added.output));
    return;
  }
  const names = installedIn(folder).filter((path) => !before.includes(path));
  const passed = names.length > 0 && names.length <= MAX_ADDED_PACKAGES;
  tally[passed ? 'passed' : 'failed'] += 1;
  say(
    `${passed ? '✓' : '✗'} packages added to a bare Express app: ${names.length}, ${MAX_ADDED_PACKAGES} at most (${names.join(', ')})`,
  );
}

/** @param {string} folder @param {readonly string[]} what */
function install(folder, what) {
  return runNpm(['install', '--no-package-lock', '--prefer-offline', ...what], { cwd: folder, timeoutMs: 300_000 });
}

/** @param {string} folder @returns {string[]} names, or paths where a package stands inside another */
function installedIn(folder) {
  try {
    const lock = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
    return Object.keys(lock.packages).map((path) => path.replace(/^node_modules\//, ''));
  } catch {
    return [];
  }
}
