export { FAULTS_MS, type MixedRun, QUIET_MS, runMixedFaults } from './mixed-faults.ts';
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
