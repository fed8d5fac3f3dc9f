import { expect, test } from 'vitest';
import { runChecks } from './check.mjs';
import type { Verdict } from './repo/tree.mjs';

const fine: Verdict = { looked: 3, noun: 'file', findings: [] };

async function runOne(look: () => Verdict | Promise<Verdict>): Promise<{ ok: boolean; lines: string[] }> {
  const lines: string[] = [];
  const ok = await runChecks(
    [
      ['good', () => fine],
      ['this one', look],
    ],
    (line) => lines.push(line),
  );
  return { ok, lines };
}

test('all is well when every check looked and found nothing', async () => {
  const { ok, lines } = await runOne(() => fine);
  expect(ok).toBe(true);
  expect(lines.at(-1)).toMatch(/^check: 2 passed, 0 failed \(/);
});

test('a check that looked at nothing fails', async () => {
  const { ok, lines } = await runOne(() => ({ ...fine, looked: 0 }));
  expect(ok).toBe(false);
  expect(lines.join('\n')).toContain('✗ this one');
  expect(lines.join('\n')).toContain('checked 0 files');
});

test('a finding fails, with its place', async () => {
  const { ok, lines } = await runOne(() => ({ ...fine, findings: [{ file: 'a.ts', line: 7, text: 'is wrong.' }] }));
  expect(ok).toBe(false);
  expect(lines).toContain('    a.ts:7  is wrong.');
});

test('a check that breaks fails, and the others still run', async () => {
  const { ok, lines } = await runOne(() => Promise.reject(new Error('no such tool')));
  expect(ok).toBe(false);
  expect(lines.join('\n')).toContain('no such tool');
  expect(lines.at(-1)).toMatch(/^check: 1 passed, 1 failed/);
});

test('a warning is shown and fails nothing', async () => {
  const { ok, lines } = await runOne(() => ({ ...fine, warnings: [{ file: 'a.ts', text: 'is long.' }] }));
  expect(ok).toBe(true);
  expect(lines).toContain('    warning: a.ts  is long.');
});
