/**
 * One run as a person reads it: what was done to the fleet, and what its members made of it.
 * @param {typeof import('../packages/mesh/src/testing/measured.ts')} simulator
 * @param {number} seed
 * @param {(line: string) => void} say
 * @returns {boolean} whether all was well
 */
export function replay(simulator, seed, say) {
  const onLine = (/** @type {number} */ atMs, /** @type {string} */ line) =>
    say(`${(atMs / 1_000).toFixed(3).padStart(9)} s  ${line}`);
  const run = simulator.runMixedFaults(seed, { onLine });
  say('');
  say(`seed ${seed}: a fleet of ${run.size}, ${run.events} events`);
  if (run.broken !== undefined) say(`BROKEN: ${run.broken}`);
  for (const difference of run.divergence) say(`DIFFERS: ${difference}`);
  const isWell = run.broken === undefined && run.divergence.length === 0;
  if (isWell)
    say(`all tables were equal and true ${(run.wholeAfterMs / 1_000).toFixed(1)} s after the last fault, and stayed so`);
  return isWell;
}
