// One parser, until its time is over or something does not hold.
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { loadParsers } from './parsers.mjs';

const { name, seed, limitMs } = workerData;
const { parsers, failureOf } = await loadParsers();
const parser = parsers.find((one) => one.name === name);
if (parser === undefined) throw new Error(`There is no parser "${name}".`);
const startedMs = performance.now();
const details = await fc.check(parser.property, { seed, numRuns: 1_000_000_000, interruptAfterTimeLimit: limitMs });
const tookMs = performance.now() - startedMs;
parentPort?.postMessage({
  name,
  runs: details.numRuns,
  tookMs,
  failure: failureOf(details),
});
