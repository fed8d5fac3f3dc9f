import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Asks the compiler of the repository, in a process of its own.
 * @param {string} root of the repository
 * @param {string} project folder or configuration
 */
export function compile(root, project) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [compiler, '-p', project, '--extendedDiagnostics', '--singleThreaded', '--pretty', 'false'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const figure = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1] ?? Number.NaN);
  return {
    passed: status === 0,
    errors: stdout.split('\n').filter((line) => /error TS\d+/.test(line)),
    output: stdout + stderr,
    instantiations: figure('Instantiations'),
    seconds: figure('Total time'),
  };
}
