import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { fixture, newKey, type Program, startProgram } from './processes.test-support.ts';

interface Plan {
  readonly mesh?: 'first' | 'last';
  readonly express?: string;
  readonly closeOnSigterm?: boolean;
  readonly drain?: object;
  readonly shutdown?: object | false;
  readonly second?: true | 'copy';
  readonly slowMs?: number;
  readonly logsItself?: boolean;
  readonly parts?: readonly { name: string; ms?: number; fails?: boolean; hangs?: boolean }[];
}

async function start(plan: Plan): Promise<{ program: Program; url: string }> {
  const env = { FIXTURE: JSON.stringify({ shutdown: { serveOnMs: 200 }, ...plan }), EXPRESS_DISCOVERY_KEY: newKey() };
  const program = startProgram(fixture('operated.cjs'), { env });
  if (plan.second !== undefined)
    await program.line('the second listens', ({ event, app }) => event === 'listening' && app === 'two');
  const { url } = await program.line('it listens', ({ event, app }) => event === 'listening' && app === 'one');
  return { program, url: url as string };
}

/** What the mesh logs of its own leaving stands among `steps`. */
const logged = ({ lines }: Program) =>
  lines.flatMap(({ event, message }) =>
    event === 'log' && !String(message).startsWith('Leaving the mesh') ? [String(message)] : [],
  );
const steps = ({ lines }: Program) =>
  lines.flatMap(({ event, phase, part }) =>
    event === 'mesh' ? [`mesh ${phase}`] : event === 'server closed' ? [event] : event === 'closing' ? [`closing ${part}`] : [],
  );
const PARTS = [{ name: 'database' }, { name: 'cache', ms: 50 }];

function get(url: string): Promise<{ status: number; body: string; closes: boolean }> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        res.once('end', () => resolve({ status: res.statusCode ?? 0, body, closes: res.headers.connection === 'close' }));
      })
      .once('error', reject);
  });
}

describe.each<[string, Plan, string[]]>([
  ['without a mesh', {}, ['server closed', 'closing cache', 'closing database']],
  [
    'with the mesh, called before',
    { mesh: 'first', drain: { serveOnMs: 200 } },
    ['mesh leaving', 'mesh closing', 'server closed', 'mesh closed', 'closing cache', 'closing database'],
  ],
  [
    'with the mesh, called after, which would leave by itself too',
    { mesh: 'last', drain: { serveOnMs: 200 }, closeOnSigterm: true },
    ['mesh leaving', 'mesh closing', 'server closed', 'mesh closed', 'closing cache', 'closing database'],
  ],
  [
    'with the mesh on Express 4',
    { mesh: 'first', express: 'express4', drain: { serveOnMs: 200 } },
    ['mesh leaving', 'mesh closing', 'server closed', 'mesh closed', 'closing cache', 'closing database'],
  ],
])('SIGTERM %s', (_name, plan, order) => {
  it('P18: ends all of it in order, once each, and says what was waited for', async () => {
    const { program, url } = await start({ ...plan, parts: PARTS });
    const slow = get(`${url}/slow`);
    await program.line('a request is under way', ({ event }) => event === 'began');
    program.kill('SIGTERM');
    await program.line('it leaves', ({ message }) => String(message).startsWith('leaving'));
    const ready = await get(`${url}/health/ready`);
    expect([ready.status, JSON.parse(ready.body).checks.leaving]).toMatchObject([503, { status: 'down' }]);
    expect((await get(`${url}/metrics`)).body).toContain('http_requests_in_flight 1');
    expect((await slow).status).toBe(200);
    expect(await program.exit()).toMatchObject({ code: 0, signal: null });
    expect(steps(program)).toEqual(order);
    const first = plan.mesh === undefined ? 'requests' : 'the mesh and requests';
    expect(logged(program)).toEqual([
      `leaving because of SIGTERM, within 30000 ms: ${first}, then cache, then database`,
      expect.stringMatching(new RegExp(`^${first} closed in \\d+ ms$`)),
      expect.stringMatching(/^cache closed in \d+ ms$/),
      expect.stringMatching(/^database closed in \d+ ms$/),
      expect.stringMatching(/^left in \d+ ms, all closed$/),
    ]);
  });
});

describe('a part that does not close', () => {
  it('is waited for as long as it may take, and the others close all the same', async () => {
    const parts = [{ name: 'database' }, { name: 'queue', hangs: true }, { name: 'cache', fails: true }];
    const { program } = await start({ shutdown: { serveOnMs: 0, timeoutMs: 200 }, parts });
    program.kill('SIGINT');
    expect(await program.exit()).toMatchObject({ code: 1 });
    expect(steps(program).slice(1)).toEqual(['closing cache', 'closing queue', 'closing database']);
    expect(logged(program)).toEqual(
      expect.arrayContaining([
        'cache failed to close: it does not want to',
        'queue did not close within 200 ms; going on without it',
        expect.stringMatching(/^left in \d+ ms, and not all of it closed$/),
      ]),
    );
  });

  it('never keeps the process beyond its limit, however many there are', async () => {
    const parts = Array.from({ length: 5 }, (_, at) => ({ name: `part${at}`, hangs: true }));
    const { program } = await start({ shutdown: { serveOnMs: 0, limitMs: 1_000 }, parts });
    const toldMs = program.kill('SIGTERM');
    const { code, atMs } = await program.exit();
    expect(code).toBe(1);
    expect(atMs - toldMs).toBeGreaterThanOrEqual(850);
    expect(atMs - toldMs).toBeLessThan(2_500);
    expect(logged(program).join('\n')).toMatch(/part4 did not close within \d+ ms/);
  });
});

it('a request that does not end gives the parts their share of the time', async () => {
  const { program, url } = await start({ shutdown: { serveOnMs: 0, limitMs: 1_000 }, slowMs: 60_000, parts: PARTS });
  const slow = get(`${url}/slow`).catch((error: NodeJS.ErrnoException) => error.code);
  await program.line('a request is under way', ({ event }) => event === 'began');
  program.kill('SIGTERM');
  expect(await program.exit()).toMatchObject({ code: 0 });
  expect(await slow).toBe('ECONNRESET');
  expect(steps(program).filter((step) => step !== 'server closed')).toEqual(['closing cache', 'closing database']);
});

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second %s ends the process at once', async (signal, code) => {
  const { program } = await start({ parts: [{ name: 'queue', hangs: true }] });
  program.kill(signal);
  await program.line('it closes', ({ event }) => event === 'closing');
  const toldMs = program.kill(signal);
  const end = await program.exit();
  expect(end.code).toBe(code);
  expect(end.atMs - toldMs).toBeLessThan(1_000);
});

it.each<[string, true | 'copy']>([
  ['of one copy of the package', true],
  ['of two copies of the package', 'copy'],
])('two apps in one process, %s, both leave before it ends', async (_name, second) => {
  const { program } = await start({ second, mesh: 'first', drain: { serveOnMs: 100 }, parts: [{ name: 'database', ms: 300 }] });
  program.kill('SIGTERM');
  expect(await program.exit()).toMatchObject({ code: 0, signal: null });
  expect(program.lines.filter(({ event }) => event === 'closed')).toHaveLength(2);
  expect(program.lines.filter(({ event }) => event === 'server closed')).toHaveLength(2);
  expect(program.lines.filter(({ event }) => event === 'exit')).toHaveLength(1);
});

it('the log is written to its last line', async () => {
  const { program } = await start({ logsItself: true, shutdown: { serveOnMs: 0 } });
  program.kill('SIGTERM');
  expect(await program.exit()).toMatchObject({ code: 0 });
  expect(program.stdout()).toMatch(/left in \d+ ms, all closed/);
});

it('without shutdown a signal ends the process as it would without us', async () => {
  const { program } = await start({ shutdown: false });
  program.kill('SIGTERM');
  expect(await program.exit()).toMatchObject({ code: null, signal: 'SIGTERM' });
});
