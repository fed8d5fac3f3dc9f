import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, REPOSITORY } from './processes.test-support.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-testing-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A plain `node`, with a temp folder of its own and nothing in its environment. It must end by itself. */
function run(...args: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: REPOSITORY,
    env: { TMPDIR: folder, PATH: process.env.PATH },
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, signal, output: stdout + stderr };
}

describe('the entry for tests', () => {
  it('the example of the documents passes, and leaves no key file behind', () => {
    const { status, output } = run(
      '--test',
      '--test-reporter=tap',
      ...['order-service', 'cart-service', 'fleet'].map((name) => `examples/testing/${name}.test.js`),
    );
    expect(output).toMatch(/^# pass 11$/m);
    expect(status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a program that uses it opens no port, leaves nothing open, and ends by itself, even when it forgets close()', () => {
    for (const ending of ['close', 'forget']) {
      const { status, signal, output } = run(fixture('test-mesh.js'), ending);
      expect({ status, signal, output }).toEqual({ status: 0, signal: null, output: 'ended\n' });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not loaded by the main entry', () => {
    const script = `require('express-micro'); console.log(Object.keys(require.cache).filter((file) => /testing/.test(file.slice(${REPOSITORY.length}))).length, Object.keys(require.cache).length > 5);`;
    expect(run('-e', script).output).toBe('0 true\n');
  });
});
