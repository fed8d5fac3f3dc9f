// One parser, until its time is over or something does not hold.
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';

const { bundle, name, seed, limitMs } = workerData;
const { failureOf, PARSERS } = await import(bundle);
const { property } = PARSERS.find((/** @type {{ name: string }} */ parser) => parser.name === name);
const startedMs = performance.now();
const details = await fc.check(property, { seed, numRuns: 1_000_000_000, interruptAfterTimeLimit: limitMs });
const tookMs = performance.now() - startedMs;
parentPort?.postMessage({
  name,
  runs: details.numRuns,
  tookMs,
  failure: failureOf(details),
});
