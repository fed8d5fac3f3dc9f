/** How long something took, for people. @param {number} startedMs of `performance.now()` */
export function seconds(startedMs) {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}

/** @param {string} text @param {string} [by] */
export function indent(text, by = '  ') {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : by + line))
    .join('\n');
}

/** `1 file`, `2 files`. @param {number} count @param {string} singular */
export function counted(count, singular) {
  return `${count} ${singular}${count === 1 ? '' : 's'}`;
}
