// npm run sim: thousands of fleets in virtual time; the simulated rows of the membership table, each beside its target.
// `-- --seeds 500` runs fewer seeds of mixed faults, `-- loss join` some of the parts, `-- --seed 42` replays one run as a timeline.
import { parseArgs } from 'node:util';
import { report, tableOf } from '../bench/report.mjs';
import { replay } from './replay.mjs';
import { costRows, failureRows, joinRows, lossRows, mixedRows } from './rows.mjs';
import { bundleSimulator } from './simulator.mjs';
import { createWorkers } from './workers.mjs';

const SEEDS = 10_000;
const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, seeds: { type: 'string' } },
  allowPositionals: true,
});

/** @param {string | undefined} text @param {string} name */
function wholeNumber(text, name) {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text === undefined ? undefined : Number(text);
  console.error(`--${name} takes a whole number above 0, not "${text}".`);
  process.exit(1);
}

/** Says where a long run is. @param {string} text */
const say = (text) =>
  void process.stderr.write(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
const startedMs = performance.now();
const seed = wholeNumber(values.seed, 'seed');
const count = wholeNumber(values.seeds, 'seeds') ?? SEEDS;

/** @type {Readonly<Record<string, (workers: ReturnType<typeof createWorkers>) => Promise<import('../bench/report.mjs').Row[]>>>} */
const PARTS = {
  join: (workers) => joinRows(workers, say),
  failures: (workers) => failureRows(workers, say),
  loss: (workers) => lossRows(workers, say),
  cost: (workers) => costRows(workers, say),
  mixed: (workers) => mixedRows(workers, say, count),
};
const unknown = positionals.find((word) => !(word in PARTS));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". Parts are: ${Object.keys(PARTS).join(', ')}.`);
  process.exit(1);
}

const simulator = await bundleSimulator();
if (seed !== undefined) {
  if (!replay(await import(simulator), seed, console.log)) process.exitCode = 1;
} else {
  const workers = createWorkers(simulator);
  try {
    const rows = [];
    for (const [part, measure] of Object.entries(PARTS)) {
      if (positionals.length === 0 || positionals.includes(part)) rows.push(...(await measure(workers)));
    }
    if (positionals.length === 0 && count >= SEEDS) report('Simulation of membership', 'npm run sim', rows);
    else {
      // A part is for looking, and not what the results of the repository say.
      const { table, met, aims } = tableOf(rows);
      console.log(`\n${table}\n\n${met} of ${aims} targets met`);
      if (met < aims) process.exitCode = 1;
    }
  } finally {
    await workers.close();
  }
}
