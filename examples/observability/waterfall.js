// A trace as a picture: one line a span, indented below its parent, its bar where it lies in the time of the whole.

const BAR = 44;
const COLOURS = [36, 33, 35, 32, 34, 96];

/** @returns lines, the first span's first; spans whose parent is not there stand for themselves */
export function waterfall(spans, { hasColours = false } = {}) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byStart = [...spans].sort((a, b) => a.startMs - b.startMs);
  const children = Map.groupBy?.(byStart, ({ parentSpanId }) => parentSpanId) ?? groupBy(byStart);
  const beganMs = Math.min(...spans.map(({ startMs }) => startMs));
  const wholeMs = Math.max(...spans.map(({ endMs }) => endMs)) - beganMs || 1;
  const services = [...new Set(byStart.map(({ service }) => service))];
  const rows = [];
  const add = (span, depth) => {
    rows.push({ span, label: `${'  '.repeat(depth)}${span.name}` });
    for (const child of children.get(span.spanId) ?? []) add(child, depth + 1);
  };
  for (const span of byStart) if (span.parentSpanId === undefined || !ids.has(span.parentSpanId)) add(span, 0);

  const nameWidth = Math.max(...services.map(({ length }) => length));
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  return rows.map(({ span, label }) => {
    const from = Math.round(((span.startMs - beganMs) / wholeMs) * (BAR - 1));
    const length = Math.max(1, Math.round(((span.endMs - span.startMs) / wholeMs) * BAR));
    const bar = `${' '.repeat(from)}${(span.isError ? '▒' : '█').repeat(Math.min(length, BAR - from))}`.padEnd(BAR);
    const paint = (text) =>
      hasColours ? `\x1b[${COLOURS[services.indexOf(span.service) % COLOURS.length]}m${text}\x1b[0m` : text;
    const way = span.attributes['express_micro.transport'];
    const took = `${(span.endMs - span.startMs).toFixed(1)} ms`.padStart(9);
    return `${paint(span.service.padEnd(nameWidth))}  ${label.padEnd(labelWidth)}  ${paint(bar)} ${took}${way ? `  ${way}` : ''}${span.isError ? `  ✗ ${span.attributes['error.type'] ?? ''}` : ''}`;
  });
}

/** `Map.groupBy` came with Node 21. */
function groupBy(spans) {
  const groups = new Map();
  for (const span of spans) groups.set(span.parentSpanId, [...(groups.get(span.parentSpanId) ?? []), span]);
  return groups;
}
