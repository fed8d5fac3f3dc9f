import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTED_MODULES } from './instrumentations.ts';

const HOOK = 'import-in-the-middle';

interface SyncHooks {
  supportsSyncHooks(): boolean;
  register(options: { readonly include: readonly string[] }): void;
}

/**
 * Lets modules that are imported be instrumented as those that are required are. Only those that somebody instruments: every
 * other one is loaded as if we were not here.
 */
export function hookImports(): void {
  const require = createRequire(__filename);
  const hooks = require(`${HOOK}/register-hooks.mjs`) as SyncHooks;
  if (hooks.supportsSyncHooks()) hooks.register({ include: INSTRUMENTED_MODULES });
  else register(`${HOOK}/hook.mjs`, pathToFileURL(__filename), { data: { include: INSTRUMENTED_MODULES } });
}
