import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';

/** One line of JSON that a process told on its standard output. */
export interface Line {
  readonly event: string;
  readonly atMs: number;
  readonly [fact: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

/** A process of ours, from its start to its end. */
export interface Program {
  readonly pid: number;
  readonly lines: readonly Line[];
  /** Everything that it has written so far, standard output and standard error. */
  output(): string;
  stdout(): string;
  stderr(): string;
  /** To the process, or to its whole group as Ctrl-C does. Answers when it was sent. */
  kill(signal: NodeJS.Signals, to?: 'process' | 'group'): number;
  /** The first line, from `since` on, that is so. */
  line(what: string, isSo: (line: Line) => boolean, options?: { withinMs?: number; sinceMs?: number }): Promise<Line>;
  /** The first match in all that it has written. */
  writes(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** How it ended. @throws when it did not within `withinMs` */
  exit(withinMs?: number): Promise<Exit>;
  hasEnded(): boolean;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Of Node itself: `--import` and its like. */
  readonly nodeArgs?: readonly string[];
  /** A command that becomes Node, given as its arguments. */
  readonly under?: readonly string[];
  /** Its own process group, so that a signal can go to all of it. */
  readonly ownGroup?: boolean;
  /** @default the repository */
  readonly cwd?: string;
}

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const FIXTURES = path.join(import.meta.dirname, 'fixtures');
export const fixture = (name: string): string => path.join(FIXTURES, name);

const started = new Set<{ child: ChildProcess; ownGroup: boolean; name: string; output: () => string }>();

/** By pid, and only what was started here. A group may outlive its leader, so it is ended whatever became of that. */
function endAll(): void {
  for (const { child, ownGroup } of started) {
    if (child.pid === undefined) continue;
    try {
      if (ownGroup) process.kill(-child.pid, 'SIGKILL');
      else if (child.exitCode === null && child.signalCode === null) process.kill(child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
// A worker that ends in the middle of a test ends its processes too.
process.on('exit', endAll);

let folder: string | undefined;

/** A temp directory of this test alone: the default key file lies there, so fleets of different tests never meet. */
export function testFolder(): string {
  folder ??= mkdtempSync(path.join(tmpdir(), 'express-micro-e2e-'));
  return folder;
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    for (const { name, output } of started) console.error(`── ${name} wrote:\n${output().slice(-2_000)}`);
  }
  endAll();
  for (const { child } of started) {
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  }
  started.clear();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** Starts `node file`. Nothing of the environment of the tests gets through but where programs are found. */
export function startProgram(
  file: string,
  { env = {}, args = [], nodeArgs = [], under = [], ownGroup = false, cwd = REPOSITORY }: ProgramOptions = {},
): Program {
  const [command = process.execPath, ...before] = [...under, process.execPath];
  const child = spawn(command, [...before, ...nodeArgs, file, ...args], {
    cwd,
    env: { PATH: process.env.PATH, TMPDIR: testFolder(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  });
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  const { pid } = child;
  const texts = { stdout: '', stderr: '' };
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let ended: Exit | undefined;
  const wake = () => {
    for (const look of waiting) look();
  };

  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
    wake();
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.filter((part) => part.startsWith('{"event"')).map((part) => JSON.parse(part) as Line));
    wake();
  });
  // Not 'exit': what it wrote last is still on its way then.
  child.once('close', (code, signal) => {
    ended = { code, signal, atMs: Date.now() };
    wake();
  });
  const output = () => texts.stdout + texts.stderr;
  const name = path.basename(file) + (env.FIXTURE === undefined ? '' : ` ${env.FIXTURE}`);
  started.add({ child, ownGroup, name, output });

  /** Looks at every piece of news, until it is found or the time is up. */
  function awaitNews<T>(what: string, look: () => T | undefined, withinMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        waiting.delete(check);
      };
      const check = () => {
        const found = look();
        if (found === undefined) {
          if (ended !== undefined) fail('no more');
          return;
        }
        end();
        resolve(found);
      };
      const fail = (when: string) => {
        end();
        const state = ended === undefined ? 'it runs' : `it ended with ${ended.code ?? ended.signal}`;
        reject(new Error(`${name}: ${when}: ${what}; ${state}; its last words:\n${output().slice(-600)}`));
      };
      const timer = setTimeout(() => fail(`not within ${withinMs} ms`), withinMs);
      waiting.add(check);
      check();
    });
  }

  return {
    pid,
    lines,
    output,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    kill(signal, to = 'process') {
      const atMs = Date.now();
      process.kill(to === 'group' ? -pid : pid, signal);
      return atMs;
    },
    line: (what, isSo, { withinMs = 15_000, sinceMs = 0 } = {}) =>
      awaitNews(what, () => lines.find((line) => line.atMs >= sinceMs && isSo(line)), withinMs),
    writes: (pattern, withinMs = 15_000) => awaitNews(`${pattern}`, () => pattern.exec(output()) ?? undefined, withinMs),
    exit: (withinMs = 10_000) => awaitNews('its end', () => ended, withinMs),
    hasEnded: () => ended !== undefined,
  };
}

/** Looks again and again until it is so; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  isSo: (seen: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const endsAtMs = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > endsAtMs) throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A port that nobody has, below the range from which systems give out ports by themselves: nobody gets it in between. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) return port;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

export function newKey(): string {
  return randomBytes(24).toString('base64url');
}
