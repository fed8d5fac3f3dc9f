import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Outcome
 * @property {boolean} ok ended by itself with code 0
 * @property {string} output both streams, as they came
 * @property {boolean} timedOut
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Each program leads a process group, so that what it started ends with it: a consumer that hangs is a grandchild, below npm.
 * @param {import('node:child_process').ChildProcess} child
 */
function stop(child) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

process.on('exit', () => {
  for (const child of running) stop(child);
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => process.exit(1));

/**
 * Runs a program to its end and keeps what it wrote.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: Record<string, string | undefined>, timeoutMs?: number, show?: boolean }} options
 *   `show` passes the output on while it comes
 * @returns {Promise<Outcome>}
 */
export function run(program, args, { cwd, env = {}, timeoutMs = 600_000, show = false }) {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let output = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      stop(child);
    }, timeoutMs);
    /** @param {NodeJS.WriteStream} stream */
    const keep = (stream) => (/** @type {Buffer} */ chunk) => {
      output += chunk;
      if (show) stream.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    child.on('error', (error) => {
      output += `${program} could not be started: ${error.message}\n`;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      if (timedOut) output += `\nStill running after ${timeoutMs / 1000} s: stopped.\n`;
      done({ ok: code === 0, output, timedOut });
    });
  });
}

/** The repository that these tools belong to. */
export const REPOSITORY = resolve(import.meta.dirname, '../..');

/**
 * Runs a tool installed in this repository, wherever the work lies.
 * @param {string} name as in `node_modules/.bin`
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} options
 */
export function runTool(name, args, options) {
  return run(join(REPOSITORY, 'node_modules', '.bin', name), args, options);
}

/**
 * npm, without its advice and without what an outer `npm run` left in the environment.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} options
 */
export function runNpm(args, options) {
  const quiet = { npm_config_update_notifier: 'false', npm_config_fund: 'false', npm_config_audit: 'false' };
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  return run('npm', args, { ...options, env: { ...quiet, PATH: path, ...options.env } });
}

/** Whether npm failed for want of a registry. @param {string} output of npm */
export function isUnreachable(output) {
  return /\b(ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(output);
}

/** Whether a module is the program itself. @param {string} moduleUrl */
export function isMain(moduleUrl) {
  const program = process.argv[1];
  return program !== undefined && realpathSync(program) === fileURLToPath(moduleUrl);
}
