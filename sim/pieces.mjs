// What a worker can be asked to do: each a deterministic piece of a row, seconds long at most.

/** @typedef {typeof import('../packages/mesh/src/testing/measured.ts')} Simulator */

/** @param {Simulator} simulator @param {number} from @param {number} to */
export function mixed(simulator, from, to) {
  const runs = [];
  for (let seed = from; seed < to; seed++) runs.push(simulator.runMixedFaults(seed));
  return {
    runs: runs.length,
    events: runs.reduce((sum, { events }) => sum + events, 0),
    broken: runs.flatMap(({ seed, broken }) => (broken === undefined ? [] : { seed, what: broken })),
    diverged: runs.flatMap(({ seed, divergence }) => (divergence.length === 0 ? [] : { seed, what: divergence.join('; ') })),
    slowestMs: Math.max(...runs.map(({ wholeAfterMs }) => wholeAfterMs)),
  };
}

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const join = (simulator, size, seed) => simulator.joinMs(size, seed);

/** @param {Simulator} simulator @param {number} size @param {number} hours @param {number} loss @param {number} seed */
export const loss = (simulator, size, hours, loss, seed) => simulator.falselyDead(size, hours, loss, seed);

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const quiet = (simulator, size, seed) => simulator.quietCost(size, seed);

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const killed = (simulator, size, seed) => simulator.killedMs(size, seed);

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const stopped = (simulator, size, seed) => simulator.stoppedMs(size, seed);

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const stalls = (simulator, size, seed) => simulator.deathsByStalls(size, seed);

/** @param {Simulator} simulator @param {number} size @param {number} part @param {number} seed */
export const crash = (simulator, size, part, seed) => simulator.crashOf(size, part, seed);

/** @param {Simulator} simulator @param {number} size @param {number} seed */
export const heal = (simulator, size, seed) => simulator.healingMs(size, seed);

/** What stays in memory of the restarts after the first hundred. @param {Simulator} simulator @param {number} times @param {number} seed */
export function restarts(simulator, times, seed) {
  let before = 0;
  const { simulation, wrong } = simulator.restarts(times, seed, (done) => {
    if (done === 100) before = heapBytes();
  });
  return { wrong, grownBytes: heapBytes() - before, running: simulation.running.length };
}

function heapBytes() {
  if (globalThis.gc === undefined) throw new Error('start it with node --expose-gc: memory is measured after a collection');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
