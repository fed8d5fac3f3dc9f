import { execFile, execFileSync } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { isFree, type Program, REPOSITORY, startProgram, until } from './processes.test-support.ts';
import { note, request } from './services.test-support.ts';

// The examples are run as they are, so their ports are what they are.
const USERS = 'http://127.0.0.1:3001';
const ORDERS = 'http://127.0.0.1:3002';

const example = (folder: string, file: string) => path.join(REPOSITORY, 'examples', folder, file);

beforeEach(async () => {
  for (const port of [3001, 3002]) {
    const isOurs = await until('the port of the quickstart is free', () => isFree(port), Boolean, 2_000).catch(() => false);
    if (!isOurs)
      throw new Error(`Port ${port}, which the quickstart uses, is taken on this machine. End who has it and try again.`);
  }
});

describe('E1, E3: npm start', () => {
  it('prints the first call across both services, and lines to try next that work when pasted into bash', async () => {
    const startedMs = Date.now();
    const quickstart = startProgram(example('quickstart', 'start.js'), { ownGroup: true });
    await quickstart.writes(/Ctrl-C ends both\./, 30_000);
    note('npm start', { 'ms to the first call shown': Date.now() - startedMs });
    const shown = quickstart.stdout();
    expect(shown).toMatch(/found order-service at http:\/\/127\.0\.0\.1:3002/);
    expect(shown).toMatch(/found user-service at http:\/\/127\.0\.0\.1:3001/);
    expect(shown).toContain('{"id":1,"name":"Ada","orders":[{"id":1,"userId":1,"item":"keyboard"}]}');

    const answers: unknown[] = [];
    for (const line of shown.split('\n').filter((text) => text.startsWith('  curl '))) answers.push(await paste(line));
    expect(answers).toEqual([
      { id: 1, name: 'Ada', orders: [{ id: 1, userId: 1, item: 'keyboard' }] },
      { id: 2, userId: 2, item: 'compiler' },
      { id: 2, name: 'Grace', orders: [{ id: 2, userId: 2, item: 'compiler' }] },
      expect.objectContaining({ error: 'Not Found' }),
      expect.objectContaining({
        thisService: expect.objectContaining({ name: 'user-service', url: USERS }),
        connectedPeers: { 'order-service': expect.objectContaining({ url: ORDERS, status: 'UP' }) },
      }),
    ]);
    quickstart.kill('SIGINT', 'group');
    await quickstart.exit();
  });

  it.each([
    ['Ctrl-C, which reaches the services too,', 'SIGINT', 'group'],
    ['SIGINT to it alone', 'SIGINT', 'process'],
    ['SIGTERM', 'SIGTERM', 'process'],
  ] as const)('%s ends it and both services, with exit code 0', async (_what, signal, to) => {
    const quickstart = startProgram(example('quickstart', 'start.js'), { ownGroup: true });
    await quickstart.writes(/Ctrl-C ends both\./, 30_000);
    const children = childrenOf(quickstart.pid);
    expect(children).toHaveLength(2);
    quickstart.kill(signal, to);
    expect(await quickstart.exit(5_000)).toMatchObject({ code: 0, signal: null });
    expect(children.filter(isAlive)).toEqual([]);
    expect([await isFree(3001), await isFree(3002)]).toEqual([true, true]);
  });

  it('a port that is taken is said to be taken, and nothing claims to listen there', async () => {
    // It accepts and never says a word, and lets go of what order-service sent it only when the test is over.
    const visitors = new Set<Socket>();
    const squatter = createServer((socket) => visitors.add(socket));
    await new Promise<void>((resolve) => squatter.listen(3001, '127.0.0.1', resolve));
    try {
      const quickstart = startProgram(example('quickstart', 'start.js'), { ownGroup: true });
      expect(await quickstart.exit(10_000)).toMatchObject({ code: 1 });
      expect(quickstart.output()).toMatch(/EADDRINUSE/);
      expect(quickstart.output()).toMatch(/user-service ended before it was found \(are the ports 3001 and 3002 free\?\)/);
      expect(quickstart.output()).not.toContain('user-service listens');
    } finally {
      for (const socket of visitors) socket.destroy();
      await new Promise((resolve) => squatter.close(resolve));
    }
  });
});

const ES = 'quickstart';
const CJS = 'quickstart-commonjs';
const files: Record<string, Record<'user' | 'order', string>> = {
  [ES]: { user: 'user-service.js', order: 'order-service.js' },
  [CJS]: { user: 'user-service.cjs', order: 'order-service.cjs' },
};
/** What a person needs to type the second command. */
const APART_MS = 2_000;

describe.each([
  ['both ES modules', ES, ES],
  ['both CommonJS', CJS, CJS],
  ['an ES user-service and a CommonJS order-service', ES, CJS],
  ['a CommonJS user-service and an ES order-service', CJS, ES],
])('E3, E16: the two services of the README, %s', (_kinds, userKind, orderKind) => {
  it.each([
    ['user-service first', ['user', 'order']],
    ['order-service first', ['order', 'user']],
  ] as const)('%s: the profile crosses both, and 404 there is 404 here', async (_order, sequence) => {
    const kinds = { user: userKind, order: orderKind };
    const start = (which: 'user' | 'order'): Program =>
      startProgram(example(kinds[which], files[kinds[which]]?.[which] as string));

    const first = start(sequence[0]);
    await first.writes(/-service listens on/);
    await new Promise((resolve) => setTimeout(resolve, APART_MS));
    const second = start(sequence[1]);
    await second.writes(/-service listens on/);
    const listensMs = Date.now();

    const profile = await until(
      'the profile crosses both',
      () => request(`${USERS}/users/1/profile`),
      ({ status }) => status === 200,
    );
    note(`${sequence[0]}-service first`, { 'ms from the second listening to a call across': Date.now() - listensMs });
    expect(JSON.parse(profile.body)).toEqual({ id: 1, name: 'Ada', orders: [{ id: 1, userId: 1, item: 'keyboard' }] });
    const ordered = await until(
      'order-service has found user-service',
      () => request(`${ORDERS}/orders`, { method: 'POST', json: { userId: 2, item: 'compiler' } }),
      ({ status }) => status !== 503,
    );
    expect([ordered.status, JSON.parse(ordered.body)]).toEqual([201, { id: 2, userId: 2, item: 'compiler' }]);
    const refused = await request(`${ORDERS}/orders`, { method: 'POST', json: { userId: 9, item: 'none' } });
    expect(refused.status).toBe(404);
    expect([first.hasEnded(), second.hasEnded()]).toEqual([false, false]);
  });
});

/** Runs a line in bash as it stands, and reads what it prints. */
async function paste(line: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)('bash', ['-c', line]);
  return JSON.parse(stdout);
}

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
