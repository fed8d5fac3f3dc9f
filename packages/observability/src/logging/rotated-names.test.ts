import { describe, expect, it } from 'vitest';
import { createRotatedNames } from './rotated-names.ts';

const day = new Date(2026, 0, 31, 23, 59);

describe('names of rotated files', () => {
  it('have the day, and a number from the second file of a day on', () => {
    const names = createRotatedNames('app-%DATE%.log', 1);
    expect([0, 1, 12].map((index) => names.nameOf(day, index))).toEqual([
      'app-2026-01-31.log',
      'app-2026-01-31.1.log',
      'app-2026-01-31.12.log',
    ]);
  });

  it('are read back as what they are, and nothing else is', () => {
    const names = createRotatedNames('app-%DATE%.log', 1);
    expect(names.read('app-2026-01-31.log')).toEqual({ day: '2026-01-31', index: 0, isOurs: true, kind: 'plain' });
    expect(names.read('app-2026-01-31.12.log.gz')).toMatchObject({ index: 12, kind: 'gzip' });
    expect(names.read('app-2026-01-31.log.gz.tmp')).toMatchObject({ index: 0, kind: 'half-made' });
    expect(names.read('app-2026-01-31.p2.3.log')).toMatchObject({ index: 3, isOurs: false });
    for (const other of ['app-2026-01-31Xlog', 'xapp-2026-01-31.log', 'app-2026-01-31.log.bak', 'app-.log', 'error.log'])
      expect(names.read(other)).toBeUndefined();
  });

  it('are others for each process that writes into the folder', () => {
    const [first, second] = [createRotatedNames('%DATE%', 1), createRotatedNames('%DATE%', 2)];
    expect([first.nameOf(day, 1), second.nameOf(day, 1)]).toEqual(['2026-01-31.1', '2026-01-31.p2.1']);
    expect([first.read('2026-01-31.p2.1')?.isOurs, second.read('2026-01-31.p2.1')?.isOurs]).toEqual([false, true]);
  });
});
