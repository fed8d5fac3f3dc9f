import { expect, test } from 'vitest';
import { plantFiles } from './planted-tree.ts';
import { isUnreachable, run, runNpm } from './repo/command.mjs';

test('what a program wrote and how it ended are kept', async () => {
  const root = plantFiles({ 'main.js': "console.log('out'); console.error('err'); process.exitCode = 3;" });
  const { ok, output } = await run(process.execPath, ['main.js'], { cwd: root });
  expect(ok).toBe(false);
  expect(output.split('\n').sort()).toEqual(['', 'err', 'out']);
});

test('a program that does not exist is a failure that says so', async () => {
  expect(await run('no-such-program', [], { cwd: '/' })).toMatchObject({
    ok: false,
    output: expect.stringContaining('could not be started'),
  });
});

test('a process that does not end is stopped with all that it started', async () => {
  const root = plantFiles({
    'package.json': { scripts: { hang: 'node hang.js' } },
    'hang.js': 'setInterval(() => {}, 1000);',
  });
  // The run is over only when nobody holds its output any more: npm's grandchild must be gone too.
  const { ok, output, timedOut } = await runNpm(['run', '--silent', 'hang'], { cwd: root, timeoutMs: 2000 });
  expect(ok).toBe(false);
  expect(timedOut).toBe(true);
  expect(output).toContain('Still running after 2 s');
});

test('only a registry out of reach is an excuse', () => {
  expect(isUnreachable('npm error code ECONNREFUSED')).toBe(true);
  expect(isUnreachable('npm error code E404')).toBe(false);
});
