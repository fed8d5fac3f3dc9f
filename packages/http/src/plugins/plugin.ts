import type { Log } from '@express-micro/core';
import type { AnyMiddleware } from '../composition/step.ts';

/** What a plugin does for an app. */
export interface PluginParts<Api> {
  /** What `registerPlugin` answers. */
  readonly api: Api;
  /** Below which path `routes` and `middleware` are: `/analytics`. They see the rest of it, as a mounted router does. @default its name */
  readonly prefix?: string | undefined;
  /** In front of the plugin's own routes; nothing else passes it. */
  readonly middleware?: AnyMiddleware | undefined;
  /** A router of its own, or any middleware. */
  readonly routes?: AnyMiddleware | undefined;
  /** In front of everything that the app has behind its plugins. */
  readonly global?: AnyMiddleware | undefined;
  /** Connects, loads, …: after what it depends on, before the first request gets in. */
  readonly start?: ((context: PluginContext) => unknown) | undefined;
  /** After everything that depends on it. */
  readonly stop?: (() => unknown) | undefined;
}

/** What a plugin is given. */
export interface PluginContext {
  /** The name that it was registered by. */
  readonly name: string;
  readonly log: Log;
  /** The API of a plugin that it declares in `dependsOn`. @throws HTTP_PLUGIN_DEPENDENCY */
  use<Api>(plugin: Plugin<never, Api>): Api;
  use(name: string): unknown;
}

export interface Plugin<Options, Api> {
  /** Plugins, or names of them, that start before it and stop after it. */
  readonly dependsOn?: readonly (string | Plugin<never, unknown>)[] | undefined;
  /** Reads its options and says what it does. No I/O yet: that is for `start`. */
  create(options: Options, about: Pick<PluginContext, 'name' | 'log'>): PluginParts<Api>;
}

/** Infers the types of a plugin; nothing else. */
export function definePlugin<Api, Options = undefined>(plugin: Plugin<Options, Api>): Plugin<Options, Api> {
  return plugin;
}
