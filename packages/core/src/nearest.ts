/** Names longer than this are compared by nobody: the work grows with the product of the lengths. */
const MAX_LENGTH = 128;

/**
 * The candidates that `name` may be a slip of, the nearest first: "did you mean `getUser`?".
 *
 * By Damerau–Levenshtein distance (a swap of two neighbours is one slip), whatever the case; up to a third of the name's
 * letters may differ, and never fewer than two.
 */
export function nearest(name: string, candidates: Iterable<string>, limit: number = 1): string[] {
  if (name.length > MAX_LENGTH) return [];
  const wanted = name.toLowerCase();
  const bound = Math.max(2, Math.floor(wanted.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    if (candidate.length > MAX_LENGTH || Math.abs(candidate.length - wanted.length) > bound) continue;
    const distance = slips(wanted, candidate.toLowerCase(), bound);
    // A candidate that shares nothing is no slip: `id` and `ab` differ by two letters of two.
    if (distance <= bound && distance < Math.max(wanted.length, candidate.length)) found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, limit).map(({ candidate }) => candidate);
}

/** Optimal string alignment distance, or something above `bound` as soon as it cannot be reached. */
function slips(a: string, b: string, bound: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (isSame ? 0 : 1));
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > bound) return bound + 1;
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
