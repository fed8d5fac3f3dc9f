import { nearest } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { Plugin } from './plugin.ts';

export interface Registered {
  readonly name: string;
  readonly plugin: Plugin<never, unknown>;
}

/**
 * Each behind what it depends on, and otherwise as they were registered.
 *
 * @throws HTTP_PLUGIN_DEPENDENCY where one is missing, or two depend on each other
 */
export function startOrder<R extends Registered>(registered: readonly R[]): readonly R[] {
  const ordered = new Set<R>();
  const path: R[] = [];

  function place(one: R): void {
    if (ordered.has(one)) return;
    if (path.includes(one)) {
      const circle = [...path.slice(path.indexOf(one)), one].map(({ name }) => name).join(' → ');
      throw httpError(
        'HTTP_PLUGIN_DEPENDENCY',
        `Plugins that depend on each other cannot start: ${circle}. Take what both need out into a third.`,
      );
    }
    path.push(one);
    for (const other of one.plugin.dependsOn ?? []) place(dependency(registered, one, other));
    path.pop();
    ordered.add(one);
  }

  for (const one of registered) place(one);
  return [...ordered];
}

export function dependency<R extends Registered>(
  registered: readonly R[],
  of: Registered,
  wanted: string | Plugin<never, unknown>,
): R {
  const found = registered.filter(({ name, plugin }) => name === wanted || plugin === wanted);
  if (found.length === 1) return found[0] as R;
  const names = registered.map(({ name }) => name);
  if (found.length > 1) {
    const several = found.map(({ name }) => `"${name}"`).join(', ');
    throw httpError(
      'HTTP_PLUGIN_DEPENDENCY',
      `Plugin "${of.name}" depends on a plugin that is registered as ${several}. Depend on one of these names.`,
    );
  }
  const isNamed = typeof wanted === 'string';
  const [near] = isNamed ? nearest(wanted, names) : [];
  const what = isNamed ? `"${wanted}"` : 'a plugin';
  const meant = near === undefined ? '' : ` Did you mean "${near}"?`;
  throw httpError(
    'HTTP_PLUGIN_DEPENDENCY',
    `Plugin "${of.name}" depends on ${what}, which is not registered.${meant} Registered are: ${names.join(', ')}. Register it: registerPlugin(${isNamed ? `'${wanted}'` : 'name'}, …).`,
  );
}
