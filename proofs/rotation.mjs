// npm run proof:rotation: log files that rotate, at a size and at midnight, under a burst; processes that are killed while they write; and
// what becomes of old files. The program that writes is that of the end-to-end tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { atLeast, atMost, report } from '../bench/report.mjs';
import { progress } from './fleet.mjs';

/** @typedef {import('../bench/report.mjs').Row} Row */
/** @typedef {{ readonly n?: number, readonly timestamp: string }} Line */

const WRITER = fileURLToPath(new URL('../test/e2e/fixtures/logging.mjs', import.meta.url));
const PATTERN = 'app-%DATE%.log';
const LINES = 200_000;
const KILLS = 10;
/** Numbers of one process after those of the one before. */
const APART = 10_000_000;

/** @param {string} way @param {string} folder @param {{ count?: number, first?: number, maxBytes?: number }} [how] */
function start(way, folder, { count = 1_000, first = 0, maxBytes = 2 ** 40 } = {}) {
  const args = [WRITER, way, folder, String(count), String(first), PATTERN];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', MAX_BYTES: String(maxBytes) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    told += text;
  });
  const events = () => told.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []));
  return { child, events, ended: once(child, 'close') };
}

/** All that is written, file by file; what is no whole line is apart. @param {string} folder */
function read(folder) {
  const names = readdirSync(folder).filter((name) => name.startsWith('app-') && /\.log(\.gz)?$/.test(name));
  // A file beside the archive of it was just being packed; the next process clears it away.
  const files = names.filter((name) => !names.includes(`${name}.gz`)).sort();
  let cut = 0;
  const byFile = files.map((name) => {
    const bytes = readFileSync(path.join(folder, name));
    const texts = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n');
    const whole = texts.filter((text) => text.startsWith('{"level"') && text.endsWith('}'));
    cut += texts.filter((text) => text !== '').length - whole.length;
    return { name, lines: whole.map((text) => /** @type {Line} */ (JSON.parse(text))).filter(({ n }) => n !== undefined) };
  });
  return { byFile, lines: byFile.flatMap(({ lines }) => lines), cut };
}

/** Of numbers that begin at `first` and go up to the highest that is there, or to `count`. @param {readonly Line[]} lines @param {number} first @param {number} [count] */
function gapsAndTwice(lines, first, count) {
  const seen = new Set(lines.map(({ n }) => n));
  const highest = lines.reduce((most, { n = 0 }) => Math.max(most, n + 1), first);
  return { lost: (count ?? highest - first) - seen.size, twice: lines.length - seen.size };
}

/** @returns {Promise<Row[]>} */
async function atSize() {
  const folder = newFolder();
  const writer = start('bursts', folder, { count: LINES, maxBytes: 262_144 });
  await writer.ended;
  const { byFile, lines } = read(folder);
  const { lost, twice } = gapsAndTwice(lines, 0, LINES);
  const left = readdirSync(folder).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock')).length;
  return [
    atMost('at a size, under a burst: lines lost', lost, 0, '', `of ${LINES}, in ${byFile.length} files of 256 KB`),
    atMost('lines twice', twice, 0, ''),
    atLeast('files packed', byFile.filter(({ name }) => name.endsWith('.gz')).length, byFile.length - 1, '', 'all but the last'),
    atMost('half-made archives and locks left', left, 0, ''),
  ];
}

/** @returns {Promise<Row[]>} */
async function atMidnight() {
  const folder = newFolder();
  const writer = start('midnight', folder);
  await writer.ended;
  const { byFile, lines } = read(folder);
  const written = writer.events().find(({ event }) => event === 'closed').n;
  const { lost, twice } = gapsAndTwice(lines, 0, written);
  const [old, ...more] = byFile;
  const midnight = new Date(old?.lines.at(-1)?.timestamp ?? '').setHours(24, 0, 0, 0);
  const early = old?.lines.filter(({ timestamp }) => Date.parse(timestamp) >= midnight).length ?? Number.NaN;
  return [
    atMost('at midnight, under a burst: lines lost', lost, 0, '', `of ${written} within a second`),
    atMost('lines twice', twice, 0, ''),
    atMost('lines of the new day in the file of the old one', early, 0, ''),
    atMost('files of the new day', more.length, 1, ''),
    atMost('rotations', writer.events().filter(({ event }) => event === 'rotate').length, 1, ''),
  ];
}

/** @returns {Promise<Row[]>} */
async function killed() {
  const folder = newFolder();
  let longestTailMs = 0;
  for (let round = 0; round < KILLS; round++) {
    const writer = start('forever', folder, { first: round * APART, maxBytes: 200_000 });
    const isFull = () => writer.events().filter(({ event }) => event === 'rotate').length > 3 + round;
    while (!isFull()) await once(writer.child.stdout, 'data');
    const atMs = Date.now();
    writer.child.kill('SIGKILL');
    await writer.ended;
    const newest = read(folder).lines.reduce((latest, { timestamp }) => Math.max(latest, Date.parse(timestamp)), 0);
    longestTailMs = Math.max(longestTailMs, atMs - newest);
  }
  // The next one packs what they left.
  await start('bursts', folder, { count: 1, first: KILLS * APART }).ended;
  const { byFile, lines, cut } = read(folder);
  const each = Array.from({ length: KILLS }, (_, round) => {
    const first = round * APART;
    return gapsAndTwice(
      lines.filter(({ n = -1 }) => n >= first && n < first + APART),
      first,
    );
  });
  const sum = (/** @type {(one: { lost: number, twice: number }) => number} */ of) => each.reduce((all, one) => all + of(one), 0);
  return [
    atMost(
      `kill -9, ${KILLS} times: lines lost before the last that was kept`,
      sum(({ lost }) => lost),
      0,
      '',
      `of ${lines.length}`,
    ),
    atMost(
      'lines twice',
      sum(({ twice }) => twice),
      0,
      '',
    ),
    atMost('lines cut, each alone on its line', cut, KILLS, '', 'one write each time at most'),
    atMost('the longest tail that was lost', longestTailMs, 1_000, 'ms', 'held for 100 ms'),
    atMost('files not packed by the next process', byFile.filter(({ name }) => !name.endsWith('.gz')).length, 1, '', 'its own'),
  ];
}

/** @returns {Promise<Row[]>} */
async function kept() {
  const folder = newFolder();
  const daysAgo = (/** @type {number} */ days) => {
    const date = new Date(Date.now() - days * 86_400_000);
    return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
  };
  const old = [31, 60, 400].map((days) => `app-${daysAgo(days)}.log.gz`);
  const young = [1, 15, 29].map((days) => `app-${daysAgo(days)}.log.gz`);
  const others = ['app-2000-01-01.txt', 'other-2000-01-01.log'];
  for (const name of [...old, ...young, ...others]) writeFileSync(path.join(folder, name), '');
  await start('bursts', folder, { count: 1 }).ended;
  const there = new Set(readdirSync(folder));
  return [
    atMost('files older than 30 days that are left', old.filter((name) => there.has(name)).length, 0, '', `of ${old.length}`),
    atLeast('younger ones, and those of others', [...young, ...others].filter((name) => there.has(name)).length, 5, ''),
  ];
}

/** @type {string[]} */
const folders = [];
function newFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-rotation-'));
  folders.push(folder);
  return folder;
}

try {
  /** @type {Row[]} */
  const rows = [];
  for (const [name, prove] of Object.entries({
    'at a size': atSize,
    'at midnight': atMidnight,
    'kill -9': killed,
    retention: kept,
  })) {
    progress(name);
    rows.push(...(await prove()));
  }
  report('Proof: rotation', 'npm run proof:rotation', rows);
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
