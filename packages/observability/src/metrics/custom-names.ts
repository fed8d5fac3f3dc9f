/** Labels that a kind of metric has by itself. */
export const RESERVED: Readonly<Record<string, string>> = Object.freeze({ histogram: 'le', summary: 'quantile' });

/** What OpenMetrics calls it: a counter `a_total` and a gauge `a` would be one family there. */
export function familyOf(name: string): string {
  return name.replace(/_total$/, '');
}

/** Why a metric cannot be called that. */
export function nameProblem(
  kind: string,
  name: string,
  names: ReadonlySet<string>,
  isTaken: (name: string) => boolean,
): string | undefined {
  if (typeof name !== 'string' || !/^[a-zA-Z_:][\w:]*$/.test(name)) return 'a name is of letters, digits, "_" and ":".';
  if (names.has(familyOf(name)))
    return 'there is one of that name already. Make it once, where the module is loaded, and keep it.';
  if (isTaken(name)) return 'that is the name of a metric which is there by itself.';
  if (kind === 'counter' && !name.endsWith('_total')) {
    // Where it is scraped as OpenMetrics it would be called so anyhow, and nobody would find it under the other name.
    return `the name of a counter ends in "_total": call it "${name}_total".`;
  }
  if (kind !== 'counter' && /_(total|bucket|count|sum|created|info)$/.test(name)) {
    return `the end of this name means something else than a ${kind}; leave it off.`;
  }
  return undefined;
}
