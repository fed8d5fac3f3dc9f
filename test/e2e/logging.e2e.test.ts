import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fixture, type ProgramOptions, REPOSITORY, startProgram, testFolder, until } from './processes.test-support.ts';

const ROTATING = 'app-%DATE%.log';
let folders = 0;

function run(
  way: string,
  {
    folder = newFolder(),
    count = 1_000,
    first = 0,
    combined = 'combined.log',
    env = {} as ProgramOptions['env'],
    under = [] as readonly string[],
  } = {},
) {
  const program = startProgram(fixture('logging.mjs'), {
    under,
    args: [way, folder, String(count), String(first), combined],
    env: env ?? {},
  });
  return { program, folder };
}

function newFolder(): string {
  folders += 1;
  return path.join(testFolder(), `logs-${folders}`);
}

/** What a reader takes for a log: not half an archive, nor a file beside the archive of it, which the next process clears away. */
function logs(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /\.log(\.gz)?$/.test(name) && !name.startsWith('error'));
  return names.filter((name) => !names.includes(`${name}.gz`));
}

const textOf = (file: string) => (file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString();

interface Line {
  readonly n?: number;
  readonly timestamp: string;
}

/** Each line has to be whole. */
function linesOf(folder: string, name: string): Line[] {
  const lines = textOf(path.join(folder, name)).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

/** The numbers of all lines in all files. */
const numbersIn = (folder: string) =>
  logs(folder)
    .flatMap((name) => linesOf(folder, name))
    .flatMap(({ n }) => n ?? []);

/** The same after `kill -9`, which may cut one write, and so one line, each time. Each stands on a line of its own. */
function numbersAfter(kills: number, folder: string): number[] {
  const lines = logs(folder).flatMap((name) => textOf(path.join(folder, name)).split('\n'));
  const isWhole = (line: string) => line.startsWith('{"level"') && line.endsWith('}');
  const cut = lines.filter((line) => line !== '' && !isWhole(line));
  expect(cut.length).toBeLessThanOrEqual(kills);
  return lines.filter(isWhole).flatMap((line) => (JSON.parse(line) as Line).n ?? []);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);

describe.each([['combined.log'], [ROTATING]])('nothing is lost when a process ends: %s', (combined) => {
  it.each([
    ['exit', 1_001, { code: 3 }],
    ['throw', 1_000, { code: 1 }],
    ['reject', 1_000, { code: 1 }],
    ['natural', 1_000, { code: 0 }],
  ])('%s', async (way, count, exit) => {
    const { program, folder } = run(way, { combined });
    expect(await program.exit()).toMatchObject(exit);
    expect(numbersIn(folder)).toEqual(upTo(count));
    if (way === 'throw') {
      const [last] = textOf(path.join(folder, 'error.log')).trim().split('\n');
      expect(JSON.parse(last ?? '')).toMatchObject({ level: 'error', error: { type: 'TypeError', message: 'out of here' } });
    }
  });

  it.each([['SIGTERM'], ['SIGINT'], ['SIGHUP']] as const)('%s, and the process still dies of it', async (signal) => {
    const { program, folder } = run('signal', { combined, env: { HOLD_MS: '10000' } });
    await program.line('it is ready', ({ event }) => event === 'ready');
    program.kill(signal);
    expect(await program.exit()).toMatchObject({ code: null, signal });
    expect(numbersIn(folder)).toEqual(upTo(1_000));
  });

  it('SIGTERM of an app that leaves in its own time', async () => {
    const { program, folder } = run('drain', { combined, env: { HOLD_MS: '10000' } });
    await program.line('it is ready', ({ event }) => event === 'ready');
    program.kill('SIGTERM');
    expect(await program.exit()).toMatchObject({ code: 0 });
    expect(numbersIn(folder)).toEqual(upTo(2_000));
  });
});

describe('the console', () => {
  it('gets every line as JSON where it is no terminal, also when the process ends at once', async () => {
    const { program } = run('stdout');
    expect(await program.exit()).toMatchObject({ code: 3 });
    expect(
      program
        .stdout()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { n: number }).n),
    ).toEqual(upTo(1_001));
  });
});

describe('M4: rotation', () => {
  it('at a size, under a burst: every line once, files of the past packed, and told', async () => {
    const { program, folder } = run('bursts', { count: 60_000, combined: ROTATING, env: { MAX_BYTES: '262144' } });
    // Forty files' worth of lines: on a busy machine some grow on while the next one is opened.
    expect(await program.exit(30_000)).toMatchObject({ code: 0 });
    expect(sorted(numbersIn(folder))).toEqual(upTo(60_000));
    const names = logs(folder);
    const packed = names.filter((name) => name.endsWith('.log.gz'));
    expect([packed.length > 5, names.length - packed.length]).toEqual([true, 1]);
    expect(names.every((name) => /^app-\d{4}-\d\d-\d\d(\.\d+)?\.log(\.gz)?$/.test(name))).toBe(true);
    const told = (event: string) => program.lines.filter((line) => line.event === event).length;
    expect([told('rotate'), told('archive')]).toEqual([packed.length, packed.length]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('at midnight, under a burst: every line once, in the file of its day, or held over midnight and in the next', async () => {
    // A fast machine fills the usual 100 MB in that second, and then there is one file more: of the size, and not of the day.
    const { program, folder } = run('midnight', { combined: ROTATING, env: { MAX_BYTES: String(2 ** 40) } });
    expect(await program.exit(30_000)).toMatchObject({ code: 0 });
    const { n } = program.lines.find(({ event }) => event === 'closed') as unknown as { n: number };
    const names = logs(folder).sort();
    expect(names).toHaveLength(2);
    expect(names[0]).toMatch(/^app-[\d-]{10}\.log\.gz$/);
    expect(names[1]).toMatch(/^app-[\d-]{10}\.log$/);
    expect(names[0]?.slice(4, 14)).not.toBe(names[1]?.slice(4, 14));
    expect(program.lines.filter(({ event }) => event === 'rotate')).toHaveLength(1);
    const [past = [], next = []] = names.map((name) => linesOf(folder, name));
    expect(Math.min(past.length, next.length)).toBeGreaterThan(1_000);
    expect([...past, ...next].map((line) => line.n)).toEqual(upTo(n));
    // What was held at midnight, a write of 16 KB, is in the new file; no line of the new day is in the old one.
    const midnight = new Date(past.at(-1)?.timestamp ?? '').setHours(24, 0, 0, 0);
    expect(past.filter(({ timestamp }) => Date.parse(timestamp) >= midnight)).toEqual([]);
    const late = next.filter(({ timestamp }) => Date.parse(timestamp) < midnight);
    expect((late.length - 1) * JSON.stringify(late[0] ?? '').length).toBeLessThan(16_384);
  });

  it('under kill -9, again and again: each time only the unflushed tail is lost, and no line is there twice', async () => {
    const folder = newFolder();
    let first = 0;
    let kept = 0;
    for (let round = 0; round < 4; round++) {
      first = round * 10_000_000;
      const { program } = run('forever', { folder, first, combined: ROTATING, env: { MAX_BYTES: '200000' } });
      await until(
        'some files are full',
        () => program.lines.filter(({ event }) => event === 'rotate').length,
        (seen) => seen >= 3 + round,
      );
      const killedAtMs = program.kill('SIGKILL');
      await program.exit();
      const ours = sorted(numbersAfter(round + 1, folder).filter((n) => n >= first)).map((n) => n - first);
      // A file that was just being packed is there whole beside half an archive, which nobody takes for one.
      expect(ours).toEqual(upTo(ours.length));
      const newest = logs(folder)
        .flatMap((name) => textOf(path.join(folder, name)).split('\n'))
        .filter((line) => line.includes('"n"') && line.endsWith('}'))
        .map((line) => Date.parse((JSON.parse(line) as Line).timestamp));
      expect(killedAtMs - newest.reduce((a, b) => Math.max(a, b))).toBeLessThan(1_000);
      kept += ours.length;
    }
    // The next one packs what they left.
    const { program } = run('bursts', { folder, count: 500, first: 90_000_000, combined: ROTATING });
    expect(await program.exit(30_000)).toMatchObject({ code: 0 });
    const names = readdirSync(folder);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(logs(folder).filter((name) => !name.endsWith('.gz'))).toHaveLength(1);
    const all = numbersAfter(4, folder);
    expect([all.length, new Set(all).size]).toEqual([kept + 500, kept + 500]);
  });

  it('of several processes in one folder: each has files of its own, and every line is there once', async () => {
    const folder = newFolder();
    const programs = [0, 1, 2].map((i) =>
      run('bursts', { folder, count: 5_000, first: i * 5_000, combined: ROTATING, env: { MAX_BYTES: '200000' } }),
    );
    for (const { program } of programs) expect(await program.exit(30_000)).toMatchObject({ code: 0 });
    expect(sorted(numbersIn(folder))).toEqual(upTo(15_000));
  });

  it('keeps files for 30 days, and leaves alone what is not its own', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const daysAgo = (days: number) => {
      const date = new Date(Date.now() - days * 86_400_000);
      return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
    };
    const old = [`app-${daysAgo(31)}.log.gz`, `app-${daysAgo(400)}.3.log`, `app-${daysAgo(40)}.p3.log.gz`];
    const kept = [`app-${daysAgo(29)}.log.gz`, 'app-2000-01-01.txt', 'other-2000-01-01.log'];
    for (const name of [...old, ...kept]) writeFileSync(path.join(folder, name), '');
    const { program } = run('bursts', { folder, count: 1, combined: ROTATING });
    await program.exit();
    expect(
      readdirSync(folder)
        .filter((name) => !name.startsWith('error'))
        .sort(),
    ).toEqual([...kept, `app-${daysAgo(0)}.log`].sort());
    expect(program.lines.filter(({ event }) => event === 'remove')).toHaveLength(3);
  });
});

describe.skipIf(process.platform === 'win32')('a disk that is full', () => {
  // The limit of a file's size (in blocks) stands for it: writes are cut off, and fail.
  const under = ['sh', '-c', 'ulimit -f 200 && exec "$@"', 'sh'];

  it.each([['app.log'], [ROTATING]])('neither ends the app nor spoils later lines: %s', async (combined) => {
    const { program, folder } = run('full', { count: 100, combined, under });
    expect(await program.exit()).toMatchObject({ code: 0 });
    expect(program.stderr()).toMatch(/Lines cannot be written to .*EFBIG/);
    const told = (name: string) => program.lines.find(({ event }) => event === name) as unknown as { n: number };
    const [name = '', ...more] = logs(folder);
    expect(more).toEqual([]);
    const lines = textOf(path.join(folder, name)).split('\n').slice(0, -1);
    // One was cut by the disk, or by who made room, and all behind it are whole.
    const cut = lines.findIndex((line) => !line.endsWith('}'));
    const behind = lines.slice(cut + 1).map((line) => (JSON.parse(line) as Line).n);
    expect(behind.slice(-300)).toEqual(upTo(300).map((n) => told('room').n + n));
    expect(told('closed').n).toBe(told('room').n + 300);
  });
});

describe('the examples of docs/logging.md', () => {
  const example = (name: string) => path.join(REPOSITORY, 'examples/observability-logging', name);
  const env = { NODE_ENV: 'production', LOG_LEVEL: 'http' };

  it('order-service: a line of the app and one of the access log, of one request', async () => {
    const program = startProgram(example('order-service.js'), { env });
    expect(await program.exit()).toMatchObject({ code: 0 });
    const lines = program
      .stdout()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as object] : []));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        message: 'Order is looked up',
        orderId: '7',
        requestId: 'example-1',
        service: 'orders',
      }),
      expect.objectContaining({ level: 'http', url: '/orders/7?token=[redacted]', status: 200, requestId: 'example-1' }),
    ]);
    expect(program.stdout()).toContain('answered to example-1');
  });

  it('everything, and own-logger', async () => {
    const everything = startProgram(example('everything.js'), { env, cwd: testFolder() });
    expect(await everything.exit()).toMatchObject({ code: 0 });
    expect(everything.stdout()).toContain('card declined');
    const own = startProgram(example('own-logger.js'), { env });
    expect(await own.exit()).toMatchObject({ code: 0 });
    expect(own.stdout()).toContain("{ orderId: 7, level: 'info', message: 'Order is paid' }");
  });
});

describe('a process that requires and imports', () => {
  it('has one function and one kind of logger, and ends by itself', async () => {
    const program = startProgram(fixture('observability-kinds.cjs'));
    expect(await program.line('it tells', ({ event }) => event === 'kinds')).toMatchObject({ isOne: true, isSame: true });
    expect(await program.exit()).toMatchObject({ code: 0 });
  });
});
