/** Below this the worst text takes some ten milliseconds to parse, and every other one would pay for being looked through. */
const MIN_LENGTH = 65_536;

/**
 * Whether a JSON text nests deeper than `maxDepth`, without parsing it: `JSON.parse` takes more than a second for 10 MB of brackets,
 * and this stops at the first one too many. The text need not be right.
 */
export function nestsDeeper(text: string, maxDepth: number): boolean {
  if (text.length < MIN_LENGTH) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      if (at < 0) return false;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** Where its closing quote stands; -1 where there is none. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text.charCodeAt(before) === 0x5c) before -= 1;
    if ((quote - before) % 2 === 1) return quote;
  }
  return -1;
}
