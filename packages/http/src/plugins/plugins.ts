import type { ServerResponse } from 'node:http';
import { type Clock, resolveOptions, settlesWithin, show, systemClock, watchPart, watchServers } from '@express-micro/core';
import { AppError } from '../app-errors.ts';
import { composite } from '../composition/pipeline.ts';
import type { AnyMiddleware } from '../composition/step.ts';
import { httpError, optionInvalid } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import { mount, prefixOf } from './mount.ts';
import type { Plugin, PluginContext, PluginParts } from './plugin.ts';
import { PLUGINS_TABLE, type PluginsOptions } from './plugin-options.ts';
import { dependency, type Registered, startOrder } from './start-order.ts';

/** The plugins of an app. */
export interface Plugins {
  /** Answers the API of the plugin. @throws HTTP_PLUGIN_TWICE, HTTP_PLUGIN_LATE, HTTP_OPTION_INVALID */
  registerPlugin<Options, Api>(
    name: string,
    plugin: Plugin<Options, Api>,
    ...options: undefined extends Options ? [options?: Options] : [options: Options]
  ): Api;
  /**
   * Starts them, each behind what it depends on. The app's server does that by itself when it listens; whoever awaits it before learns
   * what is wrong. What has started is stopped again where one fails.
   *
   * @throws HTTP_PLUGIN_DEPENDENCY, HTTP_PLUGIN_FAILED
   */
  start(): Promise<void>;
  /** Stops them, the last one first. With `observability` the app's shutdown does that by itself. */
  stop(): Promise<void>;
  /** For an app that they could not put themselves in. */
  readonly middleware: Middleware;
}

interface Entry extends Registered {
  readonly parts: PluginParts<unknown>;
  readonly prefix: string;
}

/**
 * Gives an app a place for plugins, in front of what it gets after this line: `createPlugins(app).registerPlugin('analytics', analyticsPlugin, options)`.
 * Requests that come before all have started wait for that.
 *
 * @param app an Express app; without one, put `middleware` in front of the routes, and call `start()`
 * @throws HTTP_OPTION_INVALID
 */
export function createPlugins(app?: object, options: PluginsOptions = {}, clock: Clock = systemClock): Plugins {
  const { startTimeoutMs, stopTimeoutMs, log } = resolveOptions('createPlugins()', PLUGINS_TABLE, options, optionInvalid);
  const entries: Entry[] = [];
  const started: Entry[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let run: Middleware | undefined;

  function registerPlugin(name: string, plugin: Plugin<never, unknown>, given?: unknown): unknown {
    if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
      throw optionInvalid(`registerPlugin() got ${show(name)} as a name; it takes 1 to 64 letters, digits, "_", "." and "-".`);
    }
    if (typeof plugin?.create !== 'function') {
      throw optionInvalid(
        `registerPlugin("${name}", …) got ${show(plugin)}; it takes a plugin: definePlugin({ create: (options) => ({ api }) }).`,
      );
    }
    if (entries.some((entry) => entry.name === name)) {
      throw httpError(
        'HTTP_PLUGIN_TWICE',
        `A plugin "${name}" is registered already. Give the other another name, or register one of them.`,
      );
    }
    if (starting !== undefined || stopping !== undefined) {
      throw httpError(
        'HTTP_PLUGIN_LATE',
        `Plugin "${name}" was registered after the plugins had started, or stopped. Register all of them before the app listens.`,
      );
    }
    const parts = plugin.create(given as never, { name, log });
    if (typeof parts !== 'object' || parts === null) {
      throw optionInvalid(
        `create() of plugin "${name}" answered ${show(parts)}; it has to answer an object with "api", and no promise: what takes time is for start().`,
      );
    }
    entries.push({ name, plugin, parts, prefix: prefixOf(name, parts.prefix) });
    return parts.api;
  }

  function contextOf(of: Entry): PluginContext {
    const declared = new Set((of.plugin.dependsOn ?? []).map((other) => dependency(entries, of, other)));
    const use = (wanted: string | Plugin<never, unknown>): unknown => {
      const found = dependency(entries, of, wanted);
      if (declared.has(found)) return found.parts.api;
      throw httpError(
        'HTTP_PLUGIN_DEPENDENCY',
        `Plugin "${of.name}" uses "${found.name}" without saying so, and may start before it. Declare it: dependsOn: ['${found.name}'].`,
      );
    };
    return { name: of.name, log, use: use as PluginContext['use'] };
  }

  async function startAll(): Promise<void> {
    const order = startOrder(entries);
    for (const entry of order) {
      try {
        refuseStopped();
        await startOne(entry);
        started.push(entry);
      } catch (error) {
        await stopAll();
        throw error;
      }
    }
    run = composite('plugins', ...order.flatMap(stepsOf));
  }

  /** Whoever stops while they start waits for the one that is at it, and for no other. */
  function refuseStopped(): void {
    if (stopping !== undefined)
      throw httpError('HTTP_PLUGIN_FAILED', 'The plugins were stopped, and start no more: nobody would stop them again.');
  }

  async function startOne(entry: Entry): Promise<void> {
    const { name, parts } = entry;
    const work = Promise.resolve().then(() => parts.start?.(contextOf(entry)));
    if (await settlesWithin(clock, startTimeoutMs, work)) {
      await work.catch((cause: unknown) => {
        throw httpError(
          'HTTP_PLUGIN_FAILED',
          `Plugin "${name}" did not start: ${textOf(cause)}. What had started is stopped again.`,
          { cause },
        );
      });
      return;
    }
    // If it comes to an end after all, nobody else would end it.
    work.then(
      () => stopOne(entry),
      () => {},
    );
    throw httpError(
      'HTTP_PLUGIN_FAILED',
      `Plugin "${name}" did not start within ${startTimeoutMs} ms. What had started is stopped again. See what its start() waits for, or raise startTimeoutMs.`,
    );
  }

  async function stopAll(): Promise<void> {
    for (let entry = started.pop(); entry !== undefined; entry = started.pop()) await stopOne(entry);
  }

  async function stopOne({ name, parts }: Entry): Promise<void> {
    const work = Promise.resolve().then(() => parts.stop?.());
    work.catch((error: unknown) => log.error(`plugin "${name}" failed while it stopped: ${textOf(error)}`));
    if (!(await settlesWithin(clock, stopTimeoutMs, work)))
      log.error(`plugin "${name}" did not stop within ${stopTimeoutMs} ms: gone on without it`);
  }

  function start(): Promise<void> {
    starting ??= startAll();
    return starting;
  }

  function stop(): Promise<void> {
    stopping ??= (starting ?? Promise.resolve()).then(stopAll, stopAll);
    return stopping;
  }

  const middleware: Middleware = (req: HttpRequest, res: ServerResponse, next: Next) => {
    if (run !== undefined) return run(req, res, next);
    start().then(
      () => (run as Middleware)(req, res, next),
      (cause: unknown) => next(new AppError('Temporarily unavailable', { status: 503, code: 'PLUGINS_NOT_STARTED', cause })),
    );
  };

  if (app !== undefined) {
    putInto(app, middleware);
    const stopWatching = watchServers(app, () => {
      stopWatching();
      start().catch((error: unknown) => log.error(textOf(error)));
    });
    watchPart(app, 'shutdown', (part) => part.register('plugins', stop));
  }
  return Object.freeze({ registerPlugin: registerPlugin as Plugins['registerPlugin'], start, stop, middleware });
}

function stepsOf({ name, prefix, parts: { global, middleware, routes } }: Entry): AnyMiddleware[] {
  const own = [middleware, routes].filter((part) => part !== undefined);
  return [...(global === undefined ? [] : [global]), ...(own.length === 0 ? [] : [mount(prefix, composite(name, ...own))])];
}

function putInto(app: object, middleware: Middleware): void {
  const { use, addHook } = app as Readonly<Record<'use' | 'addHook', unknown>>;
  if (typeof use !== 'function') {
    const advice =
      typeof addHook === 'function'
        ? '. For Fastify there is fastifyPlugins() of @express-micro/http/fastify.'
        : ', or nothing: then put its middleware in front of your routes, and call start().';
    throw optionInvalid(`createPlugins() got ${show(app)}; it takes an Express app${advice}`);
  }
  use.call(app, middleware);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}
