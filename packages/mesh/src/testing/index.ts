export { FAULTS_MS, type MixedRun, QUIET_MS, runMixedFaults } from './mixed-faults.ts';
export { crashOf, falselyDead, healingMs, joinMs, quietCost, restarts } from './rows.ts';
