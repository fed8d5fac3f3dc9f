import { expect, test } from 'vitest';
import { closingLine, isGood, sum } from './repo/tally.mjs';
import { tallyOf } from './repo/vitest.mjs';

const report = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [] };

test('the closing line sums all parts', () => {
  const total = sum({ passed: 5, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 });
  expect(closingLine(total)).toBe('8 passed, 1 failed, 2 skipped');
});

test('a failure, an empty run, and in CI a skip are not good', () => {
  expect(isGood({ passed: 1, failed: 0, skipped: 1 }, false)).toBe(true);
  expect(isGood({ passed: 1, failed: 0, skipped: 1 }, true)).toBe(false);
  expect(isGood({ passed: 1, failed: 1, skipped: 0 }, false)).toBe(false);
  expect(isGood({ passed: 0, failed: 0, skipped: 0 }, false)).toBe(false);
});

test('tests to be written count as skipped', () => {
  expect(tallyOf(report, true)).toEqual({ passed: 5, failed: 0, skipped: 2 });
});

test('a file that breaks before its first test counts as a failure', () => {
  const broken = { ...report, testResults: [{ status: 'failed', assertionResults: [] }] };
  expect(tallyOf(broken, false).failed).toBe(1);
});

test('a run that fails with all tests passed, writes no report or runs nothing counts as a failure', () => {
  expect(tallyOf(report, false).failed).toBe(1);
  expect(tallyOf(undefined, false).failed).toBe(1);
  expect(tallyOf({ ...report, numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 }, true).failed).toBe(1);
});
