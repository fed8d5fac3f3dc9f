/** Durations of calls, off the heap: a proof that looks at the heap must not find its own records there. */
export function createLatencies() {
  let all = new Float64Array(65_536);
  let count = 0;
  return {
    /** @param {number} ms */
    add(ms) {
      if (count === all.length) {
        const more = new Float64Array(2 * count);
        more.set(all);
        all = more;
      }
      all[count++] = ms;
    },
    /** @param {readonly number[]} parts such as 0.99 @returns {(number | undefined)[]} */
    quantiles(parts) {
      const sorted = all.slice(0, count).sort();
      return parts.map((part) => sorted[Math.min(count - 1, Math.floor(count * part))]);
    },
  };
}
