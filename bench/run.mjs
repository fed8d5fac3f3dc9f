// npm run bench: every measurement of the repository, value beside target; fails when one is missed or nothing was measured.
// `npm run bench -- speed` runs one part.
import { report } from './report.mjs';

/** @type {Readonly<Record<string, () => Promise<void>>>} */
const PARTS = {
  async cost() {
    const { measureCallCost } = await import('./call-cost.mjs');
    const { measureStartCost } = await import('./start-cost.mjs');
    report('Cost', 'npm run bench -- cost', [...(await measureCallCost()), ...(await measureStartCost())]);
  },
  async metrics() {
    const { measureMetricsCost } = await import('./metrics-cost.mjs');
    report('Cost of metrics', 'npm run bench -- metrics', await measureMetricsCost());
  },
  async link() {
    const { measureLinkCost } = await import('./link-cost.mjs');
    report('Link', 'npm run bench -- link', await measureLinkCost());
  },
  async calls() {
    const { measureCalls } = await import('./calls.mjs');
    report('Calls', 'npm run bench -- calls', await measureCalls());
  },
  async logging() {
    const { measureLogging } = await import('./log-line.mjs');
    report('Logging', 'npm run bench -- logging', await measureLogging());
  },
  async observability() {
    const { measureObservedCost } = await import('./observed-cost.mjs');
    report('Cost of observability', 'npm run bench -- observability', await measureObservedCost());
  },
  async contracts() {
    const { measureContracts } = await import('./contracts.mjs');
    report('Contracts', 'npm run bench -- contracts', await measureContracts());
  },
  async http() {
    const { measureHttpCost } = await import('./http-cost.mjs');
    report('Cost of the HTTP toolkit', 'npm run bench -- http', await measureHttpCost());
  },
  async speed() {
    const { measureSpeed } = await import('./speed.mjs');
    report('Speed', 'npm run bench -- speed', await measureSpeed());
  },
};

const asked = process.argv.slice(2);
const unknown = asked.find((word) => !(word in PARTS));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". Parts are: ${Object.keys(PARTS).join(', ')}.`);
  process.exit(1);
}
for (const [part, measure] of Object.entries(PARTS)) {
  if (asked.length === 0 || asked.includes(part)) await measure();
}
