// npm run proof:types: what contracts cost the compiler, and what it finds when a field is renamed in another package.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atMost, forComparison, report } from '../bench/report.mjs';
import { writeApp } from './types/app-of-routes.mjs';
import { BUDGET } from './types/budget.mjs';
import { compile } from './types/compile.mjs';
import { renameField } from './types/renamed-field.mjs';

const root = join(import.meta.dirname, '..');

/** @template T @param {string} parent @param {(folder: string) => T} use */
function inFolder(parent, use) {
  const folder = mkdtempSync(join(root, parent, '.types-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** On the built packages, as users have them. @param {number} routes @param {import('./types/app-of-routes.mjs').Stage} stage */
function cost(routes, stage) {
  return inFolder('proofs', (folder) => {
    writeApp(folder, { routes, stage, extends: '../../examples/typed-call/tsconfig.json' });
    const result = compile(root, folder);
    if (!result.passed) throw new Error(`The app of ${routes} routes does not compile:\n${result.output}`);
    return result;
  });
}

const nothing = cost(0, 'schemas');
const schemas = cost(200, 'schemas');
const half = cost(100, 'calls');
const routes = cost(200, 'routes');
const calls = cost(200, 'calls');
const { before, after } = inFolder('examples', (folder) => renameField(root, folder));

const found = after.errors.map((line) => line.replace(/^.*?\.types-[^/]+\//, ''));
const elsewhere = found.filter((line) => !line.startsWith('reports/report.ts'));
console.log('\n`createdAt` is renamed to `placedAt` in orders/routes.ts; the compiler says of reports/report.ts:\n');
for (const line of found) {
  const number = Number(/\((\d+),/.exec(line)?.[1]);
  const source = readFileSync(join(root, 'examples/typed-call/reports/report.ts'), 'utf8').split('\n')[number - 1];
  console.log(`  ${line}\n    ${number} | ${source?.trim()}\n`);
}

report('Proof: types', 'npm run proof:types', [
  forComparison('the libraries, without a route', nothing.instantiations, 'instantiations', `${nothing.seconds} s`),
  forComparison('the schemas of 200 routes', schemas.instantiations, 'instantiations', `${schemas.seconds} s`),
  atMost('200 routes', routes.instantiations, BUDGET.routes, 'instantiations', `${routes.seconds} s`),
  atMost('200 routes, each called by name', calls.instantiations, BUDGET.calls, 'instantiations', `${calls.seconds} s`),
  atMost('200 routes and calls, time', calls.seconds, BUDGET.seconds, 's'),
  atMost('200 of them beside 100', calls.instantiations / half.instantiations, 2.1, '×', 'no more than linear'),
  atMost('errors before a field is renamed', before.errors.length, 0, 'errors'),
  {
    ...forComparison('lines found where the field is used', found.length - elsewhere.length, 'lines'),
    sign: '≥',
    target: 1,
    isMet: found.length > 0,
  },
  atMost('errors elsewhere', elsewhere.length, 0, 'errors'),
]);
