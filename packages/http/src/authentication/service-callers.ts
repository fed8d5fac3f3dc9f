import { currentContext, keepContext, type Option, OptionProblem, resolveOptions } from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { Way } from './way.ts';

export interface ServiceCallerOptions {
  /** What services may be, by name: `{ billing: ['accountant'] }`. Others are known, and have no role. @default {} */
  readonly roles?: Readonly<Record<string, readonly string[]>> | undefined;
}

const TABLE: { readonly roles: Option<ReadonlyMap<string, readonly string[]>> } = {
  roles: {
    takes: 'an object of lists of roles, by the name of a service',
    fallback: () => new Map(),
    read: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionProblem();
      const entries = Object.entries(value);
      if (!entries.every(([, roles]) => Array.isArray(roles) && roles.every((role) => typeof role === 'string')))
        throw new OptionProblem();
      return new Map(entries.map(([service, roles]) => [service, Object.freeze([...roles])]));
    },
  },
};

/**
 * Other services of the mesh, as `expressMicro(app)` has verified them: by signature, by token or by the link they call on. Nothing that a
 * client writes makes it a service. @throws HTTP_OPTION_INVALID
 */
export function serviceCallers(given?: ServiceCallerOptions): Way {
  const { roles } = resolveOptions('serviceCallers()', TABLE, given, optionInvalid);
  keepContext();
  return Object.freeze({
    challenge: 'Service',
    schemes: {
      service: { type: 'http', scheme: 'service', description: 'Another service of the mesh, which signs its calls.' },
    } as const,
    identify(): Principal | undefined {
      const service = currentContext()?.caller?.service;
      if (service === undefined) return undefined;
      return Object.freeze({ kind: 'service', id: service, roles: roles.get(service) ?? [], permissions: [] });
    },
  });
}
