import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { DNS, startDns } from '../engines/dns.ts';
import { type Engine, type EngineProgram, findBinary, freePort, startEngine, whyMissing } from '../engines/engine.ts';
import { ETCD } from '../engines/etcd.ts';
import { NATS } from '../engines/nats.ts';
import { POSTGRES } from '../engines/postgres.ts';
import { REDIS } from '../engines/redis.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

interface Example {
  readonly source: string;
  readonly program: EngineProgram;
  readonly env: (port: number) => Record<string, string>;
  /** How it is started, where the program alone does not do. */
  readonly start?: () => Promise<Engine>;
  /** Each app has an address of its own, and all have one port. */
  readonly hosts?: readonly string[];
  /** Where leases are whole seconds. */
  readonly pingIntervalMs?: number;
}

const EXAMPLES: readonly Example[] = [
  { source: 'redis', program: REDIS, env: (port) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }) },
  { source: 'nats', program: NATS, env: (port) => ({ NATS_URL: `127.0.0.1:${port}` }) },
  { source: 'etcd', program: ETCD, env: (port) => ({ ETCD_URL: `http://127.0.0.1:${port}` }), pingIntervalMs: 1_200 },
  { source: 'postgres', program: POSTGRES, env: (port) => ({ DATABASE_URL: `postgres://postgres@127.0.0.1:${port}/postgres` }) },
  {
    source: 'dns',
    program: DNS,
    hosts: ['127.0.0.2', '127.0.0.3'],
    async start() {
      const engine = await startDns();
      await engine.publish(['apps A 127.0.0.2', 'apps A 127.0.0.3']);
      return engine;
    },
    env: (port) => ({ DNS_SERVER: `127.0.0.1:${port}` }),
  },
];

/** A process of one of the examples. */
function startExample(
  { source, pingIntervalMs = 600 }: Example,
  service: string,
  host: string,
  port: number,
  env: Record<string, string>,
) {
  const own = { HOST: host, SOURCE: source, SERVICE: service, PORT: `${port}`, PING_INTERVAL: `${pingIntervalMs}` };
  const child = spawn(process.execPath, [path.join(REPOSITORY, 'examples/sources/service.js')], {
    env: { ...process.env, ...env, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) => signal ?? code);
  return { url: `http://${host}:${port}`, child, exited, output: () => output };
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, output: () => string): Promise<void> {
  const endsAtMs = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > endsAtMs) throw new Error(`not within 20 s: ${what}\n${output()}`);
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

// Most of the time of each is waiting for an engine.
for (const example of EXAMPLES) {
  describe.concurrent(`examples/sources/${example.source}.js`, () => {
    const missing = findBinary(example.program) === undefined ? whyMissing(example.program) : undefined;
    if (missing !== undefined) console.warn(`skipped: ${missing}`);

    it.skipIf(missing !== undefined)(
      'two Express apps call each other while the engine dies and comes back, and end by themselves',
      { timeout: 60_000 },
      async ({ expect, onTestFinished }) => {
        const engine = await (example.start?.() ?? startEngine(example.program));
        onTestFinished(() => engine.close());
        const port = await freePort();
        const [host = '127.0.0.1', other = host] = example.hosts ?? [];
        const otherPort = other === host ? await freePort() : port;
        const key = randomBytes(16).toString('hex');
        const env = { ...example.env(engine.port), EXPRESS_DISCOVERY_KEY: key, DNS_NAME: `apps.mesh.test:${port}` };
        const asker = startExample(example, 'asker', host, port, env);
        const greeter = startExample(example, 'greeter', other, otherPort, env);
        onTestFinished(() => [asker, greeter].forEach(({ child }) => void child.kill('SIGKILL')));
        const output = () => asker.output() + greeter.output();
        const asking = `${asker.url}/asking/greeter`;
        await until('the asker has found the greeter', async () => (await statusOf(asking)) === 200, output);

        const statuses = new Set<number>();
        let isDone = false;
        const calls = (async () => {
          while (!isDone) {
            statuses.add(await statusOf(asking));
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        })();
        const tell = (status: string) => () => [asker, greeter].every((one) => one.output().trimEnd().endsWith(status));
        await engine.kill();
        await until('both know that it is lost', tell('lost'), output);
        await engine.start();
        await until('both know that it is back', tell('connected'), output);
        isDone = true;
        await calls;
        expect([...statuses]).toEqual([200]);

        for (const { child } of [asker, greeter]) child.kill('SIGTERM');
        await until('both have ended', () => [asker, greeter].every(({ child }) => child.exitCode !== null), output);
        expect(await Promise.all([asker.exited, greeter.exited]), output()).toEqual([0, 0]);
      },
    );
  });
}
