import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';

/**
 * `value` is missing where nothing could be measured: such a row is there to be seen, and misses its target.
 * @typedef {object} Row
 * @property {string} name
 * @property {number} [value]
 * @property {string} unit
 * @property {'≤' | '≥'} [sign]
 * @property {number} [target]
 * @property {boolean} [isMet]
 * @property {boolean} [isNotRun] it takes what this machine does not have
 * @property {string} [note]
 */

/** The middle of an odd number of measurements: one slow round does not move it. @param {readonly number[]} values */
export function median(values) {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value))) throw new Error('nothing was measured');
  return /** @type {number} */ ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}

/**
 * How often `one` goes into `other`, from measurements of the same moments: the middle of the ratios, not the ratio of the
 * middles, so that a time when the machine was busy counts for both.
 * @param {readonly number[]} one @param {readonly number[]} other
 */
export function ratioOf(one, other) {
  if (one.length !== other.length) throw new Error(`${one.length} measurements cannot be compared with ${other.length}`);
  return median(one.map((value, at) => value / /** @type {number} */ (other[at])));
}

/** A value that is to stay at or below its target. @returns {Row} @param {string} name @param {number} value @param {number} target @param {string} unit @param {string} [note] */
export function atMost(name, value, target, unit, note) {
  return { ...forComparison(name, value, unit, note), sign: '≤', target, isMet: value <= target };
}

/** A value that is to reach its target. @returns {Row} @param {string} name @param {number} value @param {number} target @param {string} unit @param {string} [note] */
export function atLeast(name, value, target, unit, note) {
  return { ...forComparison(name, value, unit, note), sign: '≥', target, isMet: value >= target };
}

/** A value without a target, to see the others in its light. @returns {Row} @param {string} name @param {number} value @param {string} unit @param {string} [note] */
export function forComparison(name, value, unit, note) {
  if (!Number.isFinite(value)) throw new Error(`${name}: nothing was measured`);
  return { name, value, unit, ...(note === undefined ? {} : { note }) };
}

/** A target for which there is nothing to measure yet. @returns {Row} @param {string} name @param {'≤' | '≥'} sign @param {number} target @param {string} unit @param {string} why */
export function notMeasured(name, sign, target, unit, why) {
  return { name, unit, sign, target, isMet: false, note: why };
}

/**
 * A target that cannot be tried on this machine. It is counted by itself, neither met nor missed; in CI it misses, as a skipped
 * test fails there.
 * @returns {Row} @param {string} name @param {'≤' | '≥'} sign @param {number} target @param {string} unit @param {string} why and how to have it
 */
export function notRun(name, sign, target, unit, why) {
  return { name, unit, sign, target, isNotRun: true, note: why };
}

/**
 * The rows as a table, and how many of their targets are met.
 * @param {readonly Row[]} rows
 */
export function tableOf(rows) {
  const aims = rows.filter(({ target, isNotRun }) => target !== undefined && isNotRun !== true);
  if (aims.length === 0) throw new Error('no target was measured');
  const hasNotes = rows.some(({ note }) => note !== undefined);
  const lines = rows.map(({ name, value, unit, sign, target, isMet, isNotRun, note }) => {
    const shown = isNotRun ? 'not run' : value === undefined ? 'not measured' : `${round(value)} ${unit}`.trim();
    const outcome = isNotRun ? '**not run**' : isMet ? 'met' : '**missed**';
    const aim = target === undefined ? '— | |' : `${sign} ${`${round(target)} ${unit}`.trim()} | ${outcome} |`;
    return `| ${name} | ${shown} | ${aim}${hasNotes ? ` ${note ?? ''} |` : ''}`;
  });
  const header = hasNotes
    ? '| what | measured | target | | how |\n|---|---|---|---|---|'
    : '| what | measured | target | |\n|---|---|---|---|';
  const met = aims.filter(({ isMet }) => isMet).length;
  return {
    table: `${header}\n${lines.join('\n')}`,
    met,
    aims: aims.length,
    notRun: rows.filter(({ isNotRun }) => isNotRun).length,
  };
}

/**
 * Prints value beside target, writes them to bench/results and sets the exit code.
 * @param {string} title @param {string} command @param {readonly Row[]} rows
 */
export function report(title, command, rows) {
  const { table, met, aims, notRun: skipped } = tableOf(rows);
  const machine = `Node ${process.versions.node}, ${os.cpus().length} cores, ${os.cpus()[0]?.model ?? 'unknown processor'}`;
  const file = new URL(`./results/${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.md`, import.meta.url);
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  writeFileSync(file, `# ${title}\n\n\`${command}\` on ${machine}.\n\n${table}\n`);
  const rest = skipped === 0 ? '' : `, ${skipped} not run`;
  console.log(`\n${title} (${machine})\n\n${table}\n\n${met} of ${aims} targets met${rest}`);
  if (met < aims || (skipped > 0 && process.env.CI !== undefined)) process.exitCode = 1;
}

/** @param {number} value */
function round(value) {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(3));
}
