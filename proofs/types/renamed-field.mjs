import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.mjs';

/**
 * Copies the two packages of `examples/typed-call`, renames a field of the answer in the one that serves it, and asks the compiler.
 * @param {string} root of the repository
 * @param {string} folder beside `examples/typed-call`, to be filled
 * @param {object} [config] over that of the example
 */
export function renameField(root, folder, config = {}) {
  const example = join(root, 'examples/typed-call');
  cpSync(example, folder, { recursive: true });
  const own = JSON.parse(readFileSync(join(example, 'tsconfig.json'), 'utf8'));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      ...own,
      ...config,
      compilerOptions: { ...own.compilerOptions, .../** @type {{ compilerOptions?: object }} */ (config).compilerOptions },
    }),
  );
  const before = compile(root, folder);
  const routes = join(folder, 'orders/routes.ts');
  const text = readFileSync(routes, 'utf8');
  const renamed = text.replaceAll('createdAt', 'placedAt');
  if (renamed === text) throw new Error('The example has no field "createdAt" any more.');
  writeFileSync(routes, renamed);
  return { before, after: compile(root, folder) };
}
