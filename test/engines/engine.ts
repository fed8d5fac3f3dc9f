import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A real server on loopback, with its data in a temp folder. */
export interface Engine {
  readonly port: number;
  /** Where its data is. */
  readonly folder: string;
  isRunning(): boolean;
  /** Has it read its configuration again. Does nothing while it is killed. */
  reload(): void;
  /** SIGKILL, as a machine that loses its power. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it (again), on the same port and the same data. Resolves when it answers. */
  start(): Promise<void>;
  /** The data of a killed engine is gone. */
  wipe(): void;
  close(): Promise<void>;
}

export interface EngineProgram {
  readonly name: string;
  readonly binary: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
  /** Where Debian puts it, if that is not on everybody's PATH. */
  readonly folders?: readonly string[];
  readonly args: (place: { readonly port: number; readonly folder: string; readonly otherPort: number }) => string[];
  /** Makes what must be there before the first start. */
  readonly prepare?: (binary: string, folder: string, port: number) => void;
  /** Resolves when it answers; rejects while it does not. */
  readonly probe: (port: number) => Promise<unknown>;
  /** It refuses to run as root. */
  readonly needsUser?: { readonly uid: number; readonly gid: number } | undefined;
}

const START_TIMEOUT_MS = 20_000;

/** The path of the binary, or `undefined` where it is not installed. */
export function findBinary({ binary, folders = [] }: EngineProgram): string | undefined {
  const places = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', ...folders];
  return places.map((place) => path.join(place, binary)).find(isExecutable);
}

/** Why the tests of an engine do not run here, and how to have them. */
export function whyMissing({ name, binary, debianPackage }: EngineProgram): string {
  return `${name}: there is no ${binary} on this machine; apt-get install ${debianPackage}`;
}

export async function startEngine(program: EngineProgram): Promise<Engine> {
  const binary = findBinary(program);
  if (binary === undefined) throw new Error(whyMissing(program));
  const { needsUser: user } = program;
  let isPrepared = false;
  const outer = mkdtempSync(path.join(tmpdir(), `express-micro-${program.binary}-`));
  const folder = path.join(outer, 'data');
  if (user !== undefined) chownSync(outer, user.uid, user.gid);
  makeFolder();
  const [port, otherPort] = [await freePort(), await freePort()];
  const endWithUs = () => rmSync(outer, { recursive: true, force: true });
  let child: ChildProcess | undefined;
  let output = '';

  function makeFolder(): void {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    isPrepared = false;
  }

  async function start(): Promise<void> {
    if (!isPrepared) program.prepare?.(binary as string, folder, port);
    isPrepared = true;
    const endsAtMs = performance.now() + START_TIMEOUT_MS;
    // Of an engine that was killed some of its own processes may still hold what it needs: it is started again.
    while (!(await answers(run(), endsAtMs))) {
      if (performance.now() > endsAtMs)
        throw new Error(`${program.name} does not answer after ${START_TIMEOUT_MS} ms:\n${output}`);
    }
  }

  function run(): ChildProcess {
    const started = spawn(binary as string, program.args({ port, otherPort, folder }), {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user ?? {}),
    });
    child = started;
    const killWithUs = () => started.kill('SIGKILL');
    process.once('exit', killWithUs);
    started.once('exit', () => process.off('exit', killWithUs));
    output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-4_000);
      });
    }
    return started;
  }

  /** False when it ended before it answered. */
  async function answers(started: ChildProcess, endsAtMs: number): Promise<boolean> {
    while (performance.now() < endsAtMs) {
      const isAnswering = await program.probe(port).then(
        () => true,
        () => false,
      );
      if (isAnswering) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (started.exitCode !== null) return false;
    }
    return false;
  }

  async function kill(): Promise<void> {
    const killed = child;
    child = undefined;
    if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
    const gone = once(killed, 'exit');
    killed.kill('SIGKILL');
    await gone;
  }

  process.once('exit', endWithUs);
  await start();
  return {
    port,
    folder,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    reload: () => void child?.kill('SIGHUP'),
    kill,
    start,
    wipe: makeFolder,
    async close() {
      await kill();
      process.off('exit', endWithUs);
      endWithUs();
    },
  };
}

/** Whether somebody listens there. */
export function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
