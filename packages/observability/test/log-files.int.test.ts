import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type Clock, systemClock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import type { Destination } from '../src/logging/line-buffer.ts';
import { openPlainFile } from '../src/logging/plain-file.ts';
import { openRotatingFile, type RotatingOptions } from '../src/logging/rotating-file.ts';
import { later } from './apps.test-support.ts';

const MIDNIGHT = new Date(2030, 4, 2).getTime();

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rotating-'));
  later(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A rotating file whose day the test decides, and what it does again and again. */
function open(given: Partial<RotatingOptions> = {}, ticks: (() => void)[] = []) {
  const time = { epochMs: MIDNIGHT - 1_000, monotonicMs: 0 };
  const clock: Clock = {
    ...systemClock,
    epochMs: () => time.epochMs,
    monotonicMs: () => time.monotonicMs,
    every(_intervalMs, run) {
      ticks.push(run);
      return { stop() {} };
    },
  };
  const rotated: string[] = [];
  const problems: string[] = [];
  const folder = given.folder ?? newFolder();
  const file: Destination = openRotatingFile({
    folder,
    pattern: 'app-%DATE%.log',
    maxBytes: 104_857_600,
    keepDays: 30,
    gzip: false,
    clock,
    tell: (event, news) => void (event === 'rotate' && rotated.push(path.basename((news as { next: string }).next))),
    onProblem: (message) => problems.push(message),
    ...given,
  });
  later(() => file.close?.());
  return { file, folder, time, rotated, problems };
}

const linesOf = (folder: string, name: string): string[] => {
  const bytes = readFileSync(path.join(folder, name));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1);
};
const logs = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.startsWith('app-')).sort();

/** With a line in its file, so that this is open: rotating-file-stream does that in its own time. */
async function opened(given?: Partial<RotatingOptions>, ticks?: (() => void)[]) {
  const made = open(given, ticks);
  made.file.write('first\n');
  const [name = ''] = await settledNames(made.folder);
  await settled(() => linesOf(made.folder, name).length === 1);
  return made;
}

async function settledNames(folder: string): Promise<string[]> {
  await settled(() => logs(folder).length > 0);
  return logs(folder);
}

async function settled(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

describe('a rotating file', () => {
  it('has no line of a day in the file of the day before, even where all of them come at once', async () => {
    const { file, folder, time, rotated } = await opened();
    file.write('before\n');
    time.epochMs = MIDNIGHT - 1;
    file.write('last\n');
    time.epochMs = MIDNIGHT;
    for (let i = 0; i < 3; i++) file.write(`after ${i}\n`);
    await settled(() => rotated.length === 1);
    file.write('after 3\n');
    // A clock that is set back does not bring the old day back.
    time.epochMs = MIDNIGHT - 1;
    file.write('after 4\n');
    await file.close?.();
    expect(logs(folder)).toEqual(['app-2030-05-01.log', 'app-2030-05-02.log']);
    expect(linesOf(folder, 'app-2030-05-01.log')).toEqual(['first', 'before', 'last']);
    expect(linesOf(folder, 'app-2030-05-02.log')).toEqual([0, 1, 2, 3, 4].map((i) => `after ${i}`));
    expect(rotated).toEqual(['app-2030-05-02.log']);
  });

  it('has them in their file, too, when the process ends before that is open', async () => {
    const { file, folder, time } = await opened();
    file.write('before\n');
    time.epochMs = MIDNIGHT;
    file.write('after\n');
    file.settle?.();
    expect(logs(folder).map((name) => linesOf(folder, name))).toEqual([['first', 'before'], ['after']]);
  });

  it('loses nothing of a burst that is larger than what may wait while the next file is opened', async () => {
    const { file, folder, time, problems } = await opened();
    time.epochMs = MIDNIGHT;
    const line = `${'x'.repeat(65_535)}\n`;
    for (let i = 0; i < 300; i++) file.write(line);
    await file.close?.();
    expect(problems).toEqual([]);
    expect(logs(folder).reduce((sum, name) => sum + linesOf(folder, name).length, 0)).toBe(301);
  });

  it('loses nothing of such a burst while the file is full and the next one is opened', async () => {
    const { file, folder, problems } = await opened({ maxBytes: 100_000 });
    const line = `${'x'.repeat(65_535)}\n`;
    // In each of the steps that opening takes.
    for (let steps = 0; steps < 8; steps++) {
      for (let i = 0; i < 2; i++) file.write(line);
      for (let i = 0; i < steps; i++) await turn();
      for (let i = 0; i < 150; i++) file.write(line);
      for (let i = 0; i < 20; i++) await turn();
    }
    await file.close?.();
    expect(problems).toEqual([]);
    expect(logs(folder).reduce((sum, name) => sum + linesOf(folder, name).length, 0)).toBe(1 + 8 * 152);
  });

  it('goes on behind a line that a killed process left half written, on a line of its own', async () => {
    const folder = newFolder();
    appendFileSync(path.join(folder, 'app-2030-05-01.log'), 'whole\n{"half":"wri');
    const { file } = open({ folder });
    file.write('first\n');
    await file.close?.();
    expect(linesOf(folder, 'app-2030-05-01.log')).toEqual(['whole', '{"half":"wri', 'first']);
  });

  it('goes on when its folder was removed, as soon as a file is to be opened', async () => {
    const { file, folder, time, rotated, problems } = await opened();
    file.write('gone with its folder\n');
    rmSync(folder, { recursive: true });
    time.epochMs = MIDNIGHT;
    file.write('kept\n');
    await settled(() => rotated.length === 1 || problems.length > 0);
    await file.close?.();
    expect(problems).toEqual([]);
    expect(linesOf(folder, 'app-2030-05-02.log')).toEqual(['kept']);
  });

  it('begins anew, within a second, where somebody has deleted the file that it writes to, and its folder', async () => {
    const ticks: (() => void)[] = [];
    const { file, folder, time, problems } = await opened({}, ticks);
    rmSync(folder, { recursive: true });
    for (const tick of ticks) tick();
    time.monotonicMs += 1_000;
    file.write('kept\n');
    await settled(() => logs(folder).length === 1 && linesOf(folder, 'app-2030-05-01.log').length === 1);
    // Nobody else takes its place meanwhile.
    for (const tick of ticks) tick();
    expect(readdirSync(folder).sort()).toEqual(['.app-DATE.log.1.lock', 'app-2030-05-01.log']);
    await file.close?.();
    expect(problems).toEqual([]);
    expect(linesOf(folder, 'app-2030-05-01.log')).toEqual(['kept']);
  });

  it('tries again where there can be no file for a while, and says so', async () => {
    const { file, folder, time, rotated, problems } = await opened();
    renameSync(folder, `${folder}.moved`);
    later(() => rmSync(`${folder}.moved`, { recursive: true, force: true }));
    // A file where the folder was.
    appendFileSync(folder, '');
    time.epochMs = MIDNIGHT;
    file.write('waits\n');
    await settled(() => problems.length > 0);
    rmSync(folder);
    mkdirSync(folder);
    time.monotonicMs += 1_001;
    file.write('too\n');
    await settled(() => rotated.length === 1);
    await file.close?.();
    expect(linesOf(folder, 'app-2030-05-02.log')).toEqual(['waits', 'too']);
  });
});

describe('a plain file', () => {
  it('goes on behind half a line, and is made again where somebody has deleted it and its folder', () => {
    const folder = newFolder();
    const name = path.join(folder, 'logs/combined.log');
    mkdirSync(path.dirname(name));
    appendFileSync(name, 'whole\nha');
    const time = { monotonicMs: 0 };
    const file = openPlainFile(name, { ...systemClock, monotonicMs: () => time.monotonicMs });
    later(() => file.close?.());
    file.write('first\n');
    expect(readFileSync(name, 'utf8')).toBe('whole\nha\nfirst\n');
    rmSync(path.dirname(name), { recursive: true });
    time.monotonicMs += 1_000;
    file.write('second\n');
    expect(readFileSync(name, 'utf8')).toBe('second\n');
    // No file can be there: said with each write, and tried again with the next.
    rmSync(path.dirname(name), { recursive: true });
    appendFileSync(path.dirname(name), '');
    time.monotonicMs += 1_000;
    expect(() => file.write('lost\n')).toThrow(/ENOTDIR|EEXIST/);
    rmSync(path.dirname(name));
    file.write('third\n');
    expect(readFileSync(name, 'utf8')).toBe('third\n');
  });
});
