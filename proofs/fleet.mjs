// Processes of a proof: real services, real signals. Everything that was started here is ended here, by its id.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Member one process of the fleet
 * @property {number} port
 * @property {string} url
 * @property {number} pid
 * @property {(question: object) => Promise<any>} ask sends a question over IPC and gives its answer
 * @property {(signal: NodeJS.Signals) => void} kill
 * @property {() => Promise<{ code: number | null, signal: NodeJS.Signals | null }>} ended
 */

/** @returns {Promise<number>} */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** A fleet with a key and a folder of its own. */
export function createFleet() {
  const folder = mkdtempSync(join(tmpdir(), 'express-micro-proof-'));
  const executions = join(folder, 'executions');
  const key = randomBytes(32).toString('base64url');
  /** @type {Set<import('node:child_process').ChildProcess>} */
  const running = new Set();
  const endAll = () => {
    for (const child of running) child.kill('SIGKILL');
  };
  process.once('exit', endAll);

  /**
   * @param {string} program
   * @param {{ port: number, peers: readonly string[], env?: Record<string, string>, host?: import('./network.mjs').Host }} options
   * @returns {Promise<Member>}
   */
  async function start(program, { port, peers, env = {}, host }) {
    const [execPath, ...before] = [...(host?.command ?? []), process.execPath];
    const address = host?.address ?? '127.0.0.1';
    const child = fork(fileURLToPath(new URL(`./programs/${program}.mjs`, import.meta.url)), [], {
      execPath,
      env: {
        PATH: process.env.PATH ?? '',
        NODE_ENV: 'production',
        EXPRESS_DISCOVERY_KEY: key,
        EXPRESS_MICRO_PEERS: peers.join(','),
        PORT: String(port),
        HOST: address,
        EXECUTIONS: executions,
        ...env,
      },
      execArgv: [...before, '--expose-gc'],
    });
    running.add(child);
    const end = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
    const asked = new Map();
    let questions = 0;
    child.on('message', (/** @type {any} */ message) => {
      asked.get(message.question)?.resolve(message.answer);
      asked.delete(message.question);
    });
    void end.then(() => {
      for (const { reject } of asked.values()) reject(new Error(`${program} on port ${port} ended before it answered`));
    });
    /** @param {object} question */
    const ask = (question) => {
      questions += 1;
      const number = questions;
      return new Promise((resolve, reject) => {
        asked.set(number, { resolve, reject });
        child.send({ question: number, ...question });
      });
    };
    // Question 0 is nobody's: it is what a program says by itself when it listens.
    await new Promise((resolve, reject) => asked.set(0, { resolve, reject }));
    return {
      port,
      url: `http://${address}:${port}`,
      pid: /** @type {number} */ (child.pid),
      ask,
      kill: (signal) => void child.kill(signal),
      ended: () => /** @type {Promise<any>} */ (end),
    };
  }

  return {
    start,
    key,
    /** How often each order was executed, as the services wrote it down before they answered. */
    executions() {
      /** @type {Map<string, number>} */
      const counts = new Map();
      for (const line of readFileSync(executions, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean)) {
        counts.set(line, (counts.get(line) ?? 0) + 1);
      }
      return counts;
    },
    close() {
      endAll();
      process.off('exit', endAll);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} what @param {() => Promise<boolean> | boolean} isSo @param {number} [withinMs] */
export async function until(what, isSo, withinMs = 15_000) {
  const endMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Says where a long proof is. @param {string} text */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}
