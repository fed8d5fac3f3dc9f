import { describe, expect, it } from 'vitest';
import { createPretty } from './pretty.ts';

const line = (fields: object) =>
  JSON.stringify({ level: 'info', timestamp: '2026-01-31T12:00:00.007Z', service: 's', ...fields });

describe('lines for people', () => {
  it('have time, level, message and fields, and the stack of an error below', () => {
    const pretty = createPretty(false);
    expect(pretty(line({ message: 'Order is paid', orderId: 7, who: 'a b', trace_id: 'x' }))).toMatch(
      /^\d\d:\d\d:00\.007 info {2}Order is paid orderId=7 who="a b"\n$/,
    );
    const failed = pretty(
      line({
        level: 'error',
        message: 'no',
        error: { type: 'E', message: 'm', stack: 'E: m\n    at x', code: 'C', cause: { type: 'F', message: 'n' } },
      }),
    );
    expect(failed.split('\n').slice(1)).toEqual(['  E: m', '      at x', '  {"code":"C"}', '  caused by', '  F: n', '']);
    expect(createPretty(true)(line({ message: 'm' }))).toContain('\u001b[32minfo \u001b[39m');
  });

  it('hand nothing on that a terminal obeys, and no second line', () => {
    const shown = createPretty(false)(line({ message: 'a\nb\u001b[2J\u009b', 'k\n': 'v\r', error: { stack: 'E\u0007' } }));
    expect(shown).toContain('a\\nb\\x1b[2J\\x9b k\\n="v\\r"');
    expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(shown.trimEnd().split('\n')).toHaveLength(2);
  });
});
