import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EngineProgram, findBinary, freePort, startEngine, whyMissing } from '../engines/engine.ts';
import { REDIS } from '../engines/redis.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

interface Example {
  readonly file: string;
  readonly program: EngineProgram;
  readonly env: (port: number) => Record<string, string>;
  /** An engine whose leases are no shorter than seconds. */
  readonly pingIntervalMs?: number;
}

const EXAMPLES: readonly Example[] = [
  { file: 'redis.js', program: REDIS, env: (port) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }) },
];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A process of one of the examples. */
async function startExample({ file, pingIntervalMs = 600 }: Example, service: string, env: Record<string, string>) {
  const port = await freePort();
  const child = spawn(process.execPath, [path.join(REPOSITORY, 'examples/sources', file)], {
    env: { ...process.env, ...env, SERVICE: service, PORT: `${port}`, PING_INTERVAL: `${pingIntervalMs}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  ends.push(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) => signal ?? code);
  return { url: `http://127.0.0.1:${port}`, child, exited, output: () => output };
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, output: () => string): Promise<void> {
  const endsAtMs = performance.now() + 15_000;
  while (!(await isSo())) {
    if (performance.now() > endsAtMs) throw new Error(`not within 15 s: ${what}\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const statusOf = (url: string) =>
  fetch(url).then(
    (response) => response.status,
    () => 0,
  );

beforeAll(() => {
  // The examples are run as users run them: on the built packages.
  execFileSync(process.execPath, [path.join(REPOSITORY, 'tools/build.mjs')], { cwd: REPOSITORY });
}, 120_000);

describe.each(EXAMPLES)('examples/sources/$file', (example) => {
  const missing = findBinary(example.program) === undefined ? whyMissing(example.program) : undefined;
  if (missing !== undefined) console.warn(`skipped: ${missing}`);

  it.skipIf(missing !== undefined)(
    'two Express apps call each other while the engine dies and comes back, and end by themselves',
    async () => {
      const engine = await startEngine(example.program);
      ends.push(() => engine.close());
      const env = { ...example.env(engine.port), EXPRESS_DISCOVERY_KEY: randomBytes(16).toString('hex') };
      const [asker, greeter] = await Promise.all(['asker', 'greeter'].map((name) => startExample(example, name, env)));
      if (asker === undefined || greeter === undefined) throw new Error('two were started');
      const output = () => asker.output() + greeter.output();
      const asking = `${asker.url}/asking/greeter`;
      await until('the asker has found the greeter', async () => (await statusOf(asking)) === 200, output);

      const statuses = new Set<number>();
      let isDone = false;
      const calls = (async () => {
        while (!isDone) statuses.add(await statusOf(asking));
      })();
      const tells = (status: string) => () => [asker, greeter].every((one) => one.output().trimEnd().endsWith(status));
      await engine.kill();
      await until('both know that it is lost', tells('lost'), output);
      await engine.start();
      await until('both know that it is back', tells('connected'), output);
      isDone = true;
      await calls;
      expect([...statuses]).toEqual([200]);

      for (const { child } of [asker, greeter]) child.kill('SIGTERM');
      expect(await Promise.all([asker.exited, greeter.exited]), output()).toEqual([0, 0]);
    },
  );
});
