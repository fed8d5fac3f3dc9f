import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { manualClock, recordedLog } from '../manual-clock.test-support.ts';
import type { HttpRequest } from '../middleware.ts';
import { definePlugin } from './plugin.ts';
import { createPlugins } from './plugins.ts';

const coded = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });

function recording(options: { startTimeoutMs?: number; stopTimeoutMs?: number } = {}) {
  const clock = manualClock();
  const log = recordedLog();
  const done: string[] = [];
  const plugins = createPlugins(undefined, { log, ...options }, clock);
  const plugin = (name: string, dependsOn: readonly string[] = [], extra: { start?: () => unknown; stop?: () => unknown } = {}) =>
    plugins.registerPlugin(
      name,
      definePlugin({
        dependsOn,
        create: () => ({
          api: { name },
          start: () => {
            done.push(`+${name}`);
            return extra.start?.();
          },
          stop: () => {
            done.push(`-${name}`);
            return extra.stop?.();
          },
        }),
      }),
    );
  return { plugins, plugin, done, log, clock };
}

describe('plugins', () => {
  it('answer their API when they are registered, with its type', () => {
    const { plugins } = recording();
    const api = plugins.registerPlugin(
      'sum',
      definePlugin({ create: (start: number) => ({ api: { add: (n: number) => start + n } }) }),
      5,
    );
    expect(api.add(2)).toBe(7);
  });

  it('start behind what they depend on, and stop in the reverse order, once', async () => {
    const { plugins, plugin, done } = recording();
    plugin('shop', ['auth', 'db']);
    plugin('auth', ['db']);
    plugin('log');
    plugin('db', ['log']);
    await Promise.all([plugins.start(), plugins.start()]);
    expect(done).toEqual(['+log', '+db', '+auth', '+shop']);
    await Promise.all([plugins.stop(), plugins.stop()]);
    expect(done.slice(4)).toEqual(['-shop', '-auth', '-db', '-log']);
  });

  it('use the API of what they have declared, and of nothing else', async () => {
    const { plugins } = recording();
    const db = definePlugin({ create: () => ({ api: { url: 'postgres' } }) });
    let seen = '';
    plugins.registerPlugin(
      'reader',
      definePlugin({
        dependsOn: [db],
        create: () => ({
          api: {},
          start: ({ use }) => {
            seen = use(db).url;
          },
        }),
      }),
    );
    plugins.registerPlugin('db', db);
    await plugins.start();
    expect(seen).toBe('postgres');
    const other = recording().plugins;
    other.registerPlugin('db', db);
    other.registerPlugin('thief', definePlugin({ create: () => ({ api: {}, start: ({ use }) => void use('db') }) }));
    await expect(other.start()).rejects.toEqual(coded('HTTP_PLUGIN_FAILED', /uses "db" without saying so.*dependsOn: \['db'\]/));
  });

  it('name what is missing, and what was meant', async () => {
    const { plugins, plugin } = recording();
    plugin('shop', ['auht']);
    plugin('auth');
    await expect(plugins.start()).rejects.toEqual(
      coded('HTTP_PLUGIN_DEPENDENCY', /"shop" depends on "auht", which is not registered\. Did you mean "auth"\?/),
    );
  });

  it('name a cycle, and start none of it', async () => {
    const { plugins, plugin, done } = recording();
    plugin('a', ['b']);
    plugin('b', ['c']);
    plugin('c', ['a']);
    await expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_DEPENDENCY', /a → b → c → a/));
    expect(done).toEqual([]);
  });

  it('ask which is meant where one is registered twice', async () => {
    const { plugins } = recording();
    const db = definePlugin({ create: () => ({ api: {} }) });
    plugins.registerPlugin('one', db);
    plugins.registerPlugin('two', db);
    plugins.registerPlugin('reader', definePlugin({ dependsOn: [db], create: () => ({ api: {} }) }));
    await expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_DEPENDENCY', /registered as "one", "two"/));
  });

  it('refuse a name that is taken, one that is none, what is no plugin, and who comes late', async () => {
    const { plugins, plugin } = recording();
    plugin('a');
    expect(() => plugin('a')).toThrow(coded('HTTP_PLUGIN_TWICE', /"a" is registered already/) as never);
    expect(() => plugin('a b')).toThrow(coded('HTTP_OPTION_INVALID', /"a b" as a name/) as never);
    expect(() => plugins.registerPlugin('x', (() => {}) as never)).toThrow(
      coded('HTTP_OPTION_INVALID', /it takes a plugin/) as never,
    );
    expect(() => plugins.registerPlugin('x', { create: () => undefined } as never)).toThrow(
      coded('HTTP_OPTION_INVALID', /create\(\) of plugin "x" answered undefined/) as never,
    );
    for (const prefix of ['shop', 7, '/a?b', '/a/../b', '/%61'])
      expect(() => plugins.registerPlugin('x', definePlugin({ create: () => ({ api: {}, prefix: prefix as string }) }))).toThrow(
        coded('HTTP_OPTION_INVALID', /"prefix" of plugin "x"/) as never,
      );
    await plugins.start();
    expect(() => plugin('late')).toThrow(coded('HTTP_PLUGIN_LATE', /before the app listens/) as never);
  });

  it('stop those that have started, the last one first, where one throws at start', async () => {
    const { plugins, plugin, done } = recording();
    plugin('a');
    plugin('b', ['a']);
    plugin('c', ['b'], {
      start: () => {
        throw new Error('no database');
      },
    });
    plugin('d', ['c']);
    await expect(plugins.start()).rejects.toEqual(
      coded('HTTP_PLUGIN_FAILED', /"c" did not start: no database\. What had started is stopped again/),
    );
    expect(done).toEqual(['+a', '+b', '+c', '-b', '-a']);
  });

  it('stop all that have started, the last one first, also where stopping one of them fails or hangs', async () => {
    const { plugins, plugin, done, log, clock } = recording({ stopTimeoutMs: 100 });
    plugin('a');
    plugin('broken', ['a'], { stop: () => Promise.reject(new Error('stuck')) });
    plugin('hanging', ['broken'], { stop: () => new Promise(() => {}) });
    plugin('c', ['hanging'], { start: () => Promise.reject(new Error('no database')) });
    const failed = expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_FAILED', /"c" did not start: no database/));
    for (let i = 0; i < 40; i++) await Promise.resolve();
    clock.pass(100);
    await failed;
    expect(done.slice(4)).toEqual(['-hanging', '-broken', '-a']);
    expect(log.lines).toHaveLength(2);
    await plugins.stop();
    expect(done).toHaveLength(7);
  });

  it('that are stopped while they start go no further, and those that had started are stopped', async () => {
    const { plugins, plugin, done } = recording();
    let started = (): void => {};
    plugin('a');
    plugin('slow', ['a'], { start: () => new Promise<void>((resolve) => (started = resolve)) });
    plugin('c', ['slow']);
    const failed = expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_FAILED', /were stopped/));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    const stopped = plugins.stop();
    started();
    await Promise.all([failed, stopped]);
    expect(done).toEqual(['+a', '+slow', '-slow', '-a']);
  });

  it('that were stopped start no more: nobody would stop them', async () => {
    const { plugins, plugin, done } = recording();
    plugin('a');
    await plugins.stop();
    await expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_FAILED', /were stopped/));
    expect(done).toEqual([]);
    expect(() => plugin('late')).toThrow(coded('HTTP_PLUGIN_LATE', /"late"/) as never);
  });

  it('do not wait for ever for one that never starts, and stop it should it come to an end after all', async () => {
    const { plugins, plugin, done, clock } = recording({ startTimeoutMs: 100 });
    let started = (): void => {};
    plugin('a');
    plugin('slow', ['a'], { start: () => new Promise<void>((resolve) => (started = resolve)) });
    const failed = expect(plugins.start()).rejects.toEqual(coded('HTTP_PLUGIN_FAILED', /"slow" did not start within 100 ms/));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    clock.pass(100);
    await failed;
    expect(done).toEqual(['+a', '+slow', '-a']);
    started();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(done.at(-1)).toBe('-slow');
  });

  it('go on stopping where one fails or hangs', async () => {
    const { plugins, plugin, done, log, clock } = recording({ stopTimeoutMs: 100 });
    plugin('a');
    plugin('broken', [], { stop: () => Promise.reject(new Error('stuck')) });
    plugin('hanging', [], { stop: () => new Promise(() => {}) });
    await plugins.start();
    const stopped = plugins.stop();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    clock.pass(100);
    await stopped;
    expect(done.slice(3)).toEqual(['-hanging', '-broken', '-a']);
    expect(log.lines).toEqual([
      'error: plugin "hanging" did not stop within 100 ms: gone on without it',
      'error: plugin "broken" failed while it stopped: stuck',
    ]);
  });

  it('have requests wait until all have started, and answer 503 where they do not', async () => {
    const { plugins, plugin, done } = recording();
    plugin('a', [], { start: () => new Promise((resolve) => setImmediate(resolve)) });
    const pass = (of: typeof plugins) =>
      new Promise<unknown>((resolve) =>
        of.middleware({ method: 'GET', url: '/', headers: {} } as HttpRequest, {} as ServerResponse, resolve),
      );
    expect(await pass(plugins)).toBeUndefined();
    expect(done).toEqual(['+a']);
    const broken = recording();
    broken.plugin('a', ['none']);
    expect(await pass(broken.plugins)).toMatchObject({ status: 503, code: 'PLUGINS_NOT_STARTED' });
  });

  it('are put into an app, or nowhere', () => {
    expect(() => createPlugins({})).toThrow(/it takes an Express app, or nothing/);
    expect(() => createPlugins(undefined, { timeout: 1 } as never)).toThrow('Unknown option "timeout"');
  });
});
