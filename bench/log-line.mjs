// What a log line costs beside pino's own.
import { start } from './processes.mjs';
import { atMost, forComparison, median, ratioOf } from './report.mjs';

const LINES = 20_000;
const TURNS = 9;
/** Two processes of the same program differ by some percent for as long as they live, so several sets are compared. */
const SETS = 5;

/** @param {string} content @param {string} sink @returns {Promise<{ ours: number[], pinos: number[] }>} ns a line, of the same moments */
async function measureLines(content, sink) {
  /** @type {number[]} */
  const ours = [];
  /** @type {number[]} */
  const pinos = [];
  for (let set = 0; set < SETS; set++) {
    process.stderr.write(`log line, ${content} to ${sink}: processes ${set + 1} of ${SETS}\n`);
    const pino = start('./log-line/lines.mjs', ['pino', content, sink]);
    const our = start('./log-line/lines.mjs', ['ours', content, sink]);
    await Promise.all([pino.first, our.first]);
    /** @param {typeof pino} kind */
    const turn = async (kind) => ((await kind.ask({ lines: LINES })).ms * 1e6) / LINES;
    for (let i = 0; i < 5; i++) await turn(i % 2 === 0 ? pino : our);
    for (let i = 0; i < TURNS; i++) {
      if (i % 2 === 0) pinos.push(await turn(pino));
      ours.push(await turn(our));
      if (i % 2 === 1) pinos.push(await turn(pino));
    }
    pino.child.disconnect();
    our.child.disconnect();
  }
  return { ours, pinos };
}

/** @type {readonly (readonly [name: string, content: string, sink: string])[]} */
const LINE_ROWS = [
  ['a log line of a text, in a request, to a file : pino’s own', 'text', 'file'],
  ['a log line of a text and four fields, in a request, to a file : pino’s own', 'fields', 'file'],
  // Without what it takes to write: what the look for secrets, the time in words and the way to the request add.
  ['a text, made and thrown away : pino’s own', 'text', 'nowhere'],
  ['a text and four fields, made and thrown away : pino’s own', 'fields', 'nowhere'],
];

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureLogging() {
  const rows = [];
  for (const [name, content, sink] of LINE_ROWS) {
    const { ours, pinos } = await measureLines(content, sink);
    const ratio = ratioOf(ours, pinos);
    const how = `${median(ours).toFixed(0)} ns : ${median(pinos).toFixed(0)} ns; median of ${SETS * TURNS} turns of ${LINES} lines with ${SETS} sets of processes`;
    rows.push(sink === 'file' ? atMost(name, ratio, 1.3, '', how) : forComparison(name, ratio, '', how));
  }
  const { ours, pinos } = await measureLines('silent', 'nowhere');
  rows.push(
    forComparison('a line of a level that is not written', median(ours), 'ns', `pino’s own ${median(pinos).toFixed(1)} ns`),
  );
  return rows;
}
