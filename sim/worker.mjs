// Runs what it is asked for, one piece after the other: { number, what, args } → { number, result }.
import { parentPort, workerData } from 'node:worker_threads';
import * as pieces from './pieces.mjs';

const simulator = await import(workerData.simulator);

parentPort?.on('message', ({ number, what, args }) => {
  try {
    const piece = /** @type {Record<string, (simulator: any, ...args: any[]) => unknown>} */ (pieces)[what];
    if (piece === undefined) throw new Error(`no piece ${what}`);
    parentPort?.postMessage({ number, result: piece(simulator, ...args) });
  } catch (error) {
    parentPort?.postMessage({ number, error: error instanceof Error ? error.stack : String(error) });
  }
});
