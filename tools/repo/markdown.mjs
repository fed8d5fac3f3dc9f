/**
 * @typedef {object} Block a fenced block
 * @property {string} language
 * @property {number} line of the opening fence
 * @property {string[]} text
 * @property {string} [example] what the comment above it names
 */

/** @param {string} markdown @returns {Block[]} */
export function blocksOf(markdown) {
  const lines = markdown.split('\n');
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(`{3,}|~{3,})\s*([\w-]*)/.exec(lines[at] ?? '');
    if (!fence?.[1]) continue;
    const end = lines.findIndex((line, index) => index > at && line.trimEnd() === fence[1]);
    const last = end < 0 ? lines.length : end;
    const above = lines.slice(0, at).findLast((line) => line.trim() !== '');
    const example = /^<!-- example: (\S+) -->$/.exec(above?.trim() ?? '')?.[1];
    blocks.push({ language: fence[2] ?? '', line: at + 1, text: lines.slice(at + 1, last), ...(example ? { example } : {}) });
    at = last;
  }
  return blocks;
}

/** Links and images outside of code. @param {string} markdown */
export function linksOf(markdown) {
  return proseOf(markdown).flatMap((text, at) =>
    [...text.replace(/`[^`]*`/g, '').matchAll(/\[([^\]]*)\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/g)].map((match) => ({
      text: match[1] ?? '',
      target: match[2] ?? match[3] ?? '',
      line: at + 1,
    })),
  );
}

/** The anchors that a forge gives to headings. @param {string} markdown */
export function anchorsOf(markdown) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return new Set(
    proseOf(markdown).flatMap((line) => {
      const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
      if (heading === undefined) return [];
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return [count === 0 ? anchor : `${anchor}-${count}`];
    }),
  );
}

/**
 * The part of a file between `#region name` and `#endregion`, or all of it; without the indentation that its lines share
 * and without the region marks inside it.
 * @param {string} text
 * @param {string} [region]
 * @returns {string[] | undefined} nothing when the file has no such region
 */
export function regionOf(text, region) {
  const lines = text.trimEnd().split('\n');
  const start = region === undefined ? -1 : lines.findIndex((line) => markOf(line)?.region === region);
  if (region !== undefined && start < 0) return undefined;
  const end = region === undefined ? lines.length : closing(lines, start);
  const inner = lines.slice(start + 1, end).filter((line) => markOf(line) === undefined);
  const indents = inner.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const shared = indents.length === 0 ? 0 : Math.min(...indents);
  return inner.map((line) => line.slice(shared));
}

/** @param {string[]} lines @param {number} start */
function closing(lines, start) {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    const mark = markOf(lines[at] ?? '');
    if (mark) depth += mark.region === undefined ? -1 : 1;
    if (mark && depth === 0) return at;
  }
  return lines.length;
}

/** @param {string} line */
function markOf(line) {
  const mark = /^\s*(?:\/\/|#|<!--)\s*#(region|endregion)\b\s*([\w-]*)/.exec(line);
  if (!mark) return undefined;
  return { region: mark[1] === 'region' ? mark[2] : undefined };
}

/** The lines with fenced blocks blanked. @param {string} markdown */
function proseOf(markdown) {
  const lines = markdown.split('\n');
  for (const { line, text } of blocksOf(markdown)) lines.fill('', line - 1, line + text.length + 1);
  return lines;
}
