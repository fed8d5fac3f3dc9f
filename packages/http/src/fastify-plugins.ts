import { show } from '@express-micro/core';
import { fastifyMiddleware } from './contracts/fastify-middleware.ts';
import type { FastifyInstance } from './contracts/fastify-types.ts';
import { optionInvalid } from './errors.ts';
import type { ErrorHandlerOptions } from './failures/error-options.ts';
import type { PluginsOptions } from './plugins/plugin-options.ts';
import { createPlugins, type Plugins } from './plugins/plugins.ts';

export interface FastifyPluginsOptions extends PluginsOptions {
  /** What `errorHandler()` takes on Express. */
  readonly errors?: ErrorHandlerOptions | undefined;
}

/** What is needed of a Fastify app, or of a context of one: any that its type providers and loggers make has it. */
export interface PluggableApp {
  readonly register: (...args: never[]) => unknown;
  readonly addHook: (...args: never[]) => unknown;
}

/**
 * Gives a Fastify app a place for plugins, as `createPlugins(app)` gives one of Express:
 * `fastifyPlugins(app).registerPlugin('analytics', analyticsPlugin, options)`.
 *
 * They start with the app: one that does not is what `ready()` and `listen()` fail with. They stop when it has closed its server. In a
 * context of its own they are for the routes of that context.
 *
 * @throws HTTP_OPTION_INVALID
 */
export function fastifyPlugins(app: PluggableApp, { errors, ...options }: FastifyPluginsOptions = {}): Plugins {
  if (typeof (app as Partial<PluggableApp> | null)?.addHook !== 'function')
    throw optionInvalid(`fastifyPlugins() takes a Fastify app first; it got ${show(app)}.`);
  const fastify = app as FastifyInstance;
  const plugins = createPlugins(undefined, options);
  void fastify.register(fastifyMiddleware([plugins.middleware], { errors }));
  fastify.addHook('onReady', () => plugins.start());
  fastify.addHook('onClose', () => plugins.stop());
  return plugins;
}
