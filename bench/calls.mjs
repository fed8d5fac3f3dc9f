// What holds when calls meet trouble: every row of MESH.md's table of calls, with real processes, value beside target.
import { notMeasured } from './report.mjs';

/** @typedef {import('./report.mjs').Row} Row */

/** Each is loaded when its turn comes: a part that cannot be measured leaves the others standing. @type {Readonly<Record<string, () => Promise<Row[]>>>} */
const PARTS = {
  steady: async () => (await import('./calls/steady.mjs')).measureSteady(),
  restarts: async () => (await import('./calls/restarts.mjs')).measureRestarts(),
  slow: async () => (await import('./calls/odd-instance.mjs')).measureSlowInstance(),
  failing: async () => (await import('./calls/odd-instance.mjs')).measureFailingInstance(),
  outage: async () => (await import('./calls/overload.mjs')).measureOutages(),
  chain: async () => (await import('./calls/chain.mjs')).measureAmplifications(),
  deadline: async () => (await import('./calls/chain.mjs')).measureDeadlines(),
  overload: async () => (await import('./calls/overload.mjs')).measureOverload(),
  reuse: async () => (await import('./calls/keep-alive.mjs')).measureKeepAlive(),
  broken: async () => (await import('./calls/broken-answers.mjs')).measureBrokenAnswers(),
};

/**
 * @param {readonly string[]} [asked] names of parts; none are all
 * @param {Readonly<Record<string, () => Promise<Row[]>>>} [parts]
 * @returns {Promise<Row[]>}
 */
export async function measureCalls(asked = [], parts = PARTS) {
  const unknown = asked.find((part) => !Object.hasOwn(parts, part));
  if (unknown !== undefined)
    throw new Error(`There is no part "${unknown}" of calls. Parts are: ${Object.keys(parts).join(', ')}.`);
  const rows = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (asked.length > 0 && !asked.includes(part)) continue;
    try {
      rows.push(...(await measure()));
    } catch (error) {
      process.stderr.write(`${part}: ${/** @type {Error} */ (error).stack}\n`);
      rows.push(notMeasured(part, '≤', 0, '', /** @type {Error} */ (error).message));
    }
  }
  return rows;
}

if (process.argv[1]?.endsWith('calls.mjs')) {
  for (const { name, value, sign, target, unit, isMet, note } of await measureCalls(process.argv.slice(2))) {
    console.log(isMet === false ? 'missed' : 'met', name, value, unit, sign ?? '', target ?? '', note ?? '');
  }
}
