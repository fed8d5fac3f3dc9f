import { show } from '@express-micro/core';
import { meshError } from './errors.ts';
import { type MeshOptions, type ResolvedOptions, resolveMeshOptions } from './options.ts';
import type { Role } from './test-part.ts';
import type { StandIn } from './test-stand-in.ts';

/** An app that a front door has given a stand-in in the place of a mesh. */
export interface StagedApp<Micro = unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: each front door has services of its own, of which nothing is known here.
  readonly standIn: StandIn<any>;
  readonly role: Role;
  readonly micro: Micro;
}

/** The apps of one framework, as far as a test mesh has to know them. */
export interface AppKind {
  /** `an Express app: what express() gives` */
  readonly takes: string;
  /** What an app has done that has joined a mesh by itself: `called expressMicro()`. */
  readonly joined: string;
  /** What puts such apps here: `express-micro/testing`. */
  readonly entry: string;
  isApp(value: unknown): boolean;
  /** Whether it has joined a mesh by itself. */
  isMember(app: object): boolean;
  /** Where apps are not all there at once: what they have been told so far has come to pass. */
  readonly loaded?: (app: object) => Promise<void>;
  /** Of an app that has not joined by itself. */
  stage(app: object, options: ResolvedOptions): StagedApp | Promise<StagedApp>;
  /** Likewise: it can serve. */
  readonly begun?: (app: object) => Promise<void>;
}

interface Stage {
  readonly kinds: Map<string, AppKind>;
  readonly staged: WeakMap<object, StagedApp>;
}

/** Of the process, whatever copy of this code asks, so that apps of several frameworks meet in one test. */
const STAGE = Symbol.for('express-micro.test-stage.1');
const shared = globalThis as { [STAGE]?: Stage };
shared[STAGE] ??= { kinds: new Map(), staged: new WeakMap() };
const { kinds, staged } = shared[STAGE];

/** From now on apps of this kind play in test meshes. */
export function admitKind(kind: AppKind): void {
  kinds.set(kind.entry, kind);
}

/** Once an app. */
export function keepStaged<Micro>(app: object, one: StagedApp<Micro>): StagedApp<Micro> {
  staged.set(app, one);
  return one;
}

/** @throws MESH_OPTION_INVALID */
export function kindOf(name: string, app: unknown): AppKind {
  const kind = [...kinds.values()].find(({ isApp }) => isApp(app));
  if (kind !== undefined) return kind;
  const taken = [...kinds.values()].map(({ takes }) => takes).join('; or ');
  const other = kinds.size > 1 ? '' : ' An app of another framework needs its own entry for tests imported, too.';
  throw meshError('MESH_OPTION_INVALID', `service("${name}", app) takes ${taken}.${other}`);
}

/** @throws MESH_OPTION_INVALID */
export function stagedOf(
  kind: AppKind,
  name: string,
  app: object,
  given: MeshOptions | undefined,
): StagedApp | Promise<StagedApp> {
  const options = optionsOf('service()', name, given);
  const known = staged.get(app);
  if (known === undefined) {
    if (!kind.isMember(app)) return kind.stage(app, options);
    throw meshError(
      'MESH_OPTION_INVALID',
      `The app of "${name}" ${kind.joined} before ${kind.entry} was loaded. Import it before the module that makes the app.`,
    );
  }
  if (given !== undefined) {
    const advice = kind.isMember(app) ? 'They are said where it joins.' : 'They were given when it was first used.';
    throw meshError('MESH_OPTION_INVALID', `service("${name}", app, options) got options for an app that has some. ${advice}`);
  }
  return known;
}

/** @throws MESH_OPTION_INVALID */
export function optionsOf(owner: string, name: string, given: MeshOptions = {}): ResolvedOptions {
  if (typeof name !== 'string')
    throw meshError('MESH_OPTION_INVALID', `${owner} takes the name of a service first; it got ${show(name)}.`);
  return resolveMeshOptions(owner, { ...given, serviceName: name });
}

/** An app plays one part at a time, under its own name. @throws MESH_OPTION_INVALID */
export function refuseMiscast(name: string, { ownName, part }: StagedApp['standIn']): void {
  if (ownName !== undefined && ownName !== name)
    throw meshError(
      'MESH_OPTION_INVALID',
      `service("${name}", app) got an app that calls itself "${ownName}". Give it that name.`,
    );
  if (part !== undefined)
    throw meshError(
      'MESH_OPTION_INVALID',
      `service("${name}", app) got an app that plays ${part.place.name} already. Close that mesh first, or make an app for each instance.`,
    );
}
