// The simulated rows of the membership table. Each: how it is measured, and the target that it is held against.
import { atMost, forComparison, median } from '../bench/report.mjs';

/** @typedef {{ runAll: (what: string, list: readonly (readonly unknown[])[], onDone?: (done: number) => void) => Promise<any[]> }} Workers */
/** @typedef {import('../bench/report.mjs').Row} Row */

/** @param {number} count @returns {number[]} 1 … count */
const seeds = (count) => Array.from({ length: count }, (_, index) => index + 1);

const SEEDS_IN_A_PIECE = 50;
const LOSS_HOURS = 0.25;
const LOSS_PIECES = 10;
const FLEET = 20;

/** @param {Workers} workers @param {(text: string) => void} say @param {number} count @returns {Promise<Row[]>} */
export async function mixedRows(workers, say, count) {
  const pieces = [];
  for (let from = 1; from <= count; from += SEEDS_IN_A_PIECE) pieces.push([from, Math.min(count + 1, from + SEEDS_IN_A_PIECE)]);
  let last = 0;
  const parts = await workers.runAll('mixed', pieces, (done) => {
    const runs = Math.min(count, done * SEEDS_IN_A_PIECE);
    if (runs - last < count / 20 && runs < count) return;
    last = runs;
    say(`mixed faults: ${runs} of ${count} seeds`);
  });
  const all = (/** @type {'broken' | 'diverged'} */ kind) => parts.flatMap((part) => part[kind]);
  for (const { seed, what } of [...all('broken'), ...all('diverged')].slice(0, 20))
    say(`seed ${seed}: ${what}  (npm run sim -- --seed ${seed})`);
  const slowestMs = Math.max(...parts.map((part) => part.slowestMs));
  const events = parts.reduce((sum, part) => sum + part.events, 0);
  const how = `90 s of faults in fleets of 3 to 8, ${(events / 1e6).toFixed(1)} million events`;
  return [
    atMost(`${count} seeds of mixed faults: broken invariants`, all('broken').length, 0, '', how),
    atMost('the same: tables that differ 60 s after the last fault', all('diverged').length, 0, '', ''),
    forComparison('the same: longest until all tables were equal and true', slowestMs / 1_000, 's', ''),
  ];
}

/** @param {Workers} workers @param {(text: string) => void} say @returns {Promise<Row[]>} */
export async function joinRows(workers, say) {
  const rows = [];
  for (const [size, count, targetS] of /** @type {[number, number, number][]} */ ([
    [100, 20, 10],
    [1_000, 4, 15],
  ])) {
    const list = seeds(count).map((seed) => [size, seed]);
    const times = await workers.runAll('join', list, (done) => say(`join of ${size}: ${done} of ${count} seeds`));
    rows.push(
      atMost(
        `join, N = ${size}: all see all`,
        Math.max(...times) / 1_000,
        targetS,
        's',
        `one seed peer, worst of ${count} seeds`,
      ),
    );
  }
  return rows;
}

/** @param {Workers} workers @param {(text: string) => void} say @returns {Promise<Row[]>} */
export async function lossRows(workers, say) {
  const rows = [];
  for (const [loss, target] of /** @type {[number, number][]} */ ([
    [0.1, 0.2],
    [0.2, 0.7],
    [0.3, 2],
  ])) {
    const list = seeds(LOSS_PIECES).map((seed) => [FLEET, LOSS_HOURS, loss, seed]);
    const percent = Math.round(loss * 100);
    const parts = await workers.runAll('loss', list, (done) =>
      say(`loss of ${percent} %: ${done} of ${LOSS_PIECES} quarters of an hour`),
    );
    const deaths = parts.reduce((sum, part) => sum + part.deaths, 0);
    const nodeHours = parts.reduce((sum, part) => sum + part.nodeHours, 0);
    const how = `${deaths} in ${nodeHours} node-hours of a fleet of ${FLEET}; questions and answers are lost`;
    rows.push(atMost(`loss of ${percent} %: falsely dead a node-hour`, deaths / nodeHours, target, '', how));
  }
  return rows;
}

/** @param {Workers} workers @param {(text: string) => void} say @returns {Promise<Row[]>} */
export async function failureRows(workers, say) {
  const list = seeds(50).map((seed) => [FLEET, seed]);
  const progress = (/** @type {string} */ what) => (/** @type {number} */ done) => {
    if (done % 10 === 0) say(`${what}: ${done} of ${list.length} seeds`);
  };
  const kills = (await workers.runAll('killed', list, progress('killed'))).flat();
  const stops = await workers.runAll('stopped', list, progress('stopped'));
  const stalls = await workers.runAll('stalls', list.slice(0, 10), progress('stalled'));
  const crashes = await workers.runAll(
    'crash',
    list.map(([size, seed]) => [size, 0.4, seed]),
    progress('crashes'),
  );
  const heals = await workers.runAll('heal', list.slice(0, 20), progress('splits'));
  const sum = (/** @type {number[]} */ values) => values.reduce((all, value) => all + value, 0);
  return [
    atMost('one of 20 crashes: a view drops it, median', median(odd(kills)) / 1_000, 1.5, 's', `${kills.length} views`),
    atMost('the same, longest', Math.max(...kills) / 1_000, 5, 's', ''),
    atMost(
      'one of 20 stands still: every view',
      Math.max(...stops.map(({ goneMs }) => goneMs)) / 1_000,
      12,
      's',
      'worst of 50 seeds',
    ),
    atMost('the same, back when it goes on', Math.max(...stops.map(({ backMs }) => backMs)) / 1_000, 5, 's', ''),
    atMost('3 s of standing still, 20 times: falsely dead', sum(stalls), 0, '', '10 seeds'),
    atMost('40 % of 20 crash: views that would call one 5 s later', sum(crashes), 0, '', '50 seeds'),
    atMost('split 10/10 for 60 s: whole again', Math.max(...heals) / 1_000, 20, 's', 'worst of 20 seeds'),
  ];
}

/** A median needs a middle. @param {number[]} values */
const odd = (values) => (values.length % 2 === 1 ? values : values.slice(1));

/** @param {Workers} workers @param {(text: string) => void} say @returns {Promise<Row[]>} */
export async function costRows(workers, say) {
  say('quiet fleets of 10 and 50');
  const [ten, fifty] = await workers.runAll('quiet', [
    [10, 1],
    [50, 1],
  ]);
  say('1,000 restarts');
  const [restarts] = await workers.runAll('restarts', [[1_000, 1]]);
  const bytes = `${ten.bytes.toFixed(0)} and ${fifty.bytes.toFixed(0)} B /s/node of signed HTTP in ${ten.messages.toFixed(2)} and ${fifty.messages.toFixed(2)} messages`;
  return [
    atMost('quiet cost, N = 50: bytes out a second and process', fifty.bytes / 1_000, 1.2, 'kB', ''),
    atMost('quiet cost N = 50 : N = 10, bytes', fifty.bytes / ten.bytes, 1.15, '', bytes),
    atMost(
      '1,000 restarts of one of five: views with a wrong number of members',
      restarts.wrong,
      0,
      '',
      `${restarts.running} views`,
    ),
    atMost('the same: heap growth of all five', restarts.grownBytes / 1_048_576, 5, 'MB', 'after the first hundred'),
  ];
}
