import { describe, expect, it } from 'vitest';
import { toText } from './exposition.ts';
import type { Family, Sample } from './family.ts';

const family = (samples: Sample[], more: Partial<Family> = {}): Family => ({
  name: 'x',
  help: 'h',
  type: 'gauge',
  samples,
  ...more,
});
const sample = (value: number, labels: Sample['labels'] = {}): Sample => ({ name: 'x', labels, value });

describe('a page of metrics', () => {
  it('writes every number there is', () => {
    const values = [1, 0.1, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0];
    const page = toText([family(values.map((value) => sample(value)))], 'prometheus');
    expect(page).toBe('# HELP x h\n# TYPE x gauge\nx 1\nx 0.1\nx 1e+21\nx 1e-7\nx NaN\nx +Inf\nx -Inf\nx 0\n');
  });

  it('keeps what is in a label inside of it', () => {
    const evil = 'a"} 1\nevil_total 1 \\';
    for (const format of ['prometheus', 'openmetrics'] as const) {
      expect(toText([family([sample(1, { l: evil })])], format)).toContain('x{l="a\\"} 1\\nevil_total 1 \\\\"} 1\n');
    }
  });

  it('writes bounds as floats where OpenMetrics wants that', () => {
    const buckets = family([{ name: 'x_bucket', labels: { le: 5 }, value: 2 }], { type: 'histogram' });
    expect(toText([buckets], 'prometheus')).toContain('x_bucket{le="5"} 2');
    expect(toText([buckets], 'openmetrics')).toContain('x_bucket{le="5.0"} 2');
  });

  it('ends as OpenMetrics does, also when it is empty', () => {
    expect(toText([], 'openmetrics')).toBe('# EOF\n');
  });
});
