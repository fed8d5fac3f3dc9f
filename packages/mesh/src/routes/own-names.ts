import type { RouteDescriptor } from './descriptor.ts';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,127}$/u;

/**
 * Names that JavaScript itself looks up on any object: awaiting, printing or serialising a service would call a route.
 */
const TAKEN_BY_THE_LANGUAGE: ReadonlySet<string> = new Set([
  'then',
  'catch',
  'finally',
  'toJSON',
  'toString',
  'valueOf',
  'constructor',
  'prototype',
  '__proto__',
]);

export interface OwnNames {
  readonly contract?: string;
  readonly handler?: string;
  /** Why a name that was given is not used. */
  readonly refused?: string;
}

/** The names that a route was given by people. `bound ` is dropped; what is no identifier names nothing. */
export function ownNames({ contract, handler }: RouteDescriptor): OwnNames {
  const names = { contract, handler: handler?.replace(/^(?:bound )+/, '') };
  const taken = [names.contract, names.handler].find((name) => name !== undefined && TAKEN_BY_THE_LANGUAGE.has(name));
  return {
    ...(isUsable(names.contract) && { contract: names.contract }),
    ...(isUsable(names.handler) && { handler: names.handler }),
    ...(taken !== undefined && { refused: `the name "${taken}" belongs to JavaScript` }),
  };
}

function isUsable(name: string | undefined): name is string {
  return name !== undefined && IDENTIFIER.test(name) && !TAKEN_BY_THE_LANGUAGE.has(name);
}
