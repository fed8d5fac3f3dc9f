// Processes of a bench, and what they tell of themselves.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** @typedef {{ cpu: NodeJS.CpuUsage, ms: number, p50: number, error?: string, port?: number }} Message */

/** Starts a program below `bench/`, which speaks first. @param {string} file @param {string[]} args */
export function start(file, args) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env: { ...process.env, EXPRESS_DISCOVERY_KEY: 'a-key-for-the-bench-alone', NODE_ENV: 'production' },
  });
  /** @param {object} message */
  const ask = (message) => {
    child.send(message);
    return answer(child);
  };
  return { child, ask, first: answer(child) };
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<Message>} */
async function answer(child) {
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error('a process of the bench ended'));
  child.once('exit', onExit);
  const [message] = await once(child, 'message', { signal: ended.signal });
  child.off('exit', onExit);
  if (message.error !== undefined) throw new Error(`a call failed: ${message.error}`);
  return message;
}

/** @param {NodeJS.CpuUsage} usage */
export const sum = ({ user, system }) => user + system;
