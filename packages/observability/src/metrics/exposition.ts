import type { Exemplar, Family, Sample } from './family.ts';

export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = Object.freeze({
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
});

/**
 * Metrics as text: Prometheus's own format, or OpenMetrics 1.0, which alone has exemplars.
 *
 * Written here because prom-client's writer renames counters for good when it writes OpenMetrics, and binds a registry to one of
 * the two. https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function toText(families: readonly Family[], format: Format): string {
  const isOpen = format === 'openmetrics';
  const lines: string[] = [];
  for (const { name, help, type, samples } of families) {
    // OpenMetrics names a family of counters without the suffix that its samples have.
    const title = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
    lines.push(`# HELP ${title} ${escapeHelp(help, isOpen)}`, `# TYPE ${title} ${type}`);
    for (const sample of samples) lines.push(lineOf(sample, isOpen));
  }
  if (isOpen) lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function lineOf({ name, labels, value, exemplar }: Sample, isOpen: boolean): string {
  const pairs: string[] = [];
  for (const label in labels) pairs.push(`${label}="${labelText(labels[label] as string | number, isOpen)}"`);
  const series = pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  const line = `${series} ${numberText(value)}`;
  return isOpen && exemplar !== undefined ? `${line} # ${exemplarText(exemplar)}` : line;
}

function exemplarText({ traceId, spanId, value, epochMs }: Exemplar): string {
  return `{trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${(epochMs / 1_000).toFixed(3)}`;
}

function labelText(value: string | number, isOpen: boolean): string {
  // A bucket's bound is a number that both formats compare as text; OpenMetrics wants it to look like a float.
  if (typeof value === 'number') return isOpen && Number.isInteger(value) ? `${value}.0` : numberText(value);
  return value.replace(/["\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function escapeHelp(text: string, isOpen: boolean): string {
  return text.replace(isOpen ? /["\\\n]/g : /[\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
