/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** @returns {Tally} */
export function emptyTally() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/** @param {Tally} a @param {Tally} b @returns {Tally} */
export function sum(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of a run, in a form that others read. @param {Tally} tally */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Nothing failed, something ran, and in CI nothing was left out.
 * @param {Tally} tally
 * @param {boolean} isCi
 */
export function isGood({ passed, failed, skipped }, isCi) {
  return failed === 0 && passed > 0 && !(isCi && skipped > 0);
}
