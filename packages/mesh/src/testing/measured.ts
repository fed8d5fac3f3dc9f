// What `npm run sim` measures; no part of the entry.
export { FAULTS_MS, QUIET_MS, runMixedFaults } from './mixed-faults.ts';
export {
  crashOf,
  deathsByStalls,
  falselyDead,
  healingMs,
  joinMs,
  killedMs,
  quietCost,
  restarts,
  stoppedMs,
} from './rows.ts';
