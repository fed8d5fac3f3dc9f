import { describe, expect, it } from 'vitest';
import { manualClock, recordedLog } from '../manual-clock.test-support.ts';
import { createContainer } from './container.ts';

const coded = (code: string) => expect.objectContaining({ code });
const failure = (run: () => unknown): { code: string; message: string } => {
  try {
    run();
  } catch (error) {
    return error as never;
  }
  throw new Error('it did not fail');
};

describe('a container', () => {
  it('makes a singleton once, a scoped value once a scope, a transient each time, and gives a value as it is', () => {
    let made = 0;
    const container = createContainer<{ job: string }>()
      .value('config', { url: 'x' })
      .singleton('pool', ({ config }) => ({ url: config.url, n: ++made }))
      .transient('id', () => ++made)
      .scoped('unit', ({ pool, job }) => ({ pool, job, n: ++made }));
    expect(container.get('pool')).toBe(container.get('pool'));
    expect(container.get('id')).not.toBe(container.get('id'));
    const [one, other] = [container.createScope({ job: 'a' }), container.createScope({ job: 'b' })];
    expect(one.get('unit')).toBe(one.get('unit'));
    expect(one.get('unit')).not.toBe(other.get('unit'));
    expect([one.get('unit').job, other.get('unit').job]).toEqual(['a', 'b']);
    expect(one.get('unit').pool).toBe(container.get('pool'));
    expect(container.get('config')).toEqual({ url: 'x' });
  });

  it('makes classes, and makes only what is asked for', () => {
    class Orders {
      readonly db: string;
      constructor({ db }: { readonly db: string }) {
        this.db = db;
      }
    }
    const container = createContainer()
      .value('db', 'postgres')
      .singleton('orders', Orders)
      .singleton('never', (): number => {
        throw new Error('not asked for');
      });
    expect(container.get('orders')).toBeInstanceOf(Orders);
    expect(container.get('orders').db).toBe('postgres');
  });

  it('names what it does not know, and what was meant', () => {
    const container = createContainer().value('database', 1);
    const { code, message } = failure(() => container.get('databse' as 'database'));
    expect([code, message]).toEqual([
      'HTTP_DEPENDENCY_UNKNOWN',
      expect.stringMatching(/nothing called "databse"\. Did you mean "database"\? It has: request, database\./),
    ]);
    const inner = container.singleton('repo', (needs) => (needs as Record<string, unknown>).dtabase);
    expect(failure(() => inner.get('repo')).message).toContain('"dtabase"');
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(failure(() => container.get(name as 'database')).code).toBe('HTTP_DEPENDENCY_UNKNOWN');
    }
  });

  it('says that a name is taken, or cannot be one', () => {
    const container = createContainer().value('a', 1);
    expect(() => container.value('a', 2)).toThrow(coded('HTTP_DEPENDENCY_TWICE'));
    for (const name of ['then', '__proto__', 'toJSON', 'a-b', '', 1])
      expect(() => container.value(name as never, 1)).toThrow(coded('HTTP_OPTION_INVALID'));
    expect(() => container.singleton('b', 1 as never)).toThrow('it takes a function or a class');
    expect(() => container.singleton('b', () => 1, { dispose: 1 as never })).toThrow('"dispose"');
    expect(() => createContainer({ strict: true } as never)).toThrow('Unknown option "strict"');
  });

  it('names a cycle', () => {
    const container = createContainer()
      .singleton('a', (needs) => (needs as unknown as Record<string, unknown>).b)
      .singleton('b', (needs) => (needs as unknown as Record<string, unknown>).c)
      .singleton('c', (needs) => (needs as unknown as Record<string, unknown>).a);
    const { code, message } = failure(() => container.get('a'));
    expect([code, message]).toEqual(['HTTP_DEPENDENCY_CYCLE', expect.stringContaining('a → b → c → a')]);
    // It is not broken by that.
    expect(container.value('d', 1).get('d')).toBe(1);
  });

  it('refuses a singleton that needs what is scoped, also through others, also later', () => {
    type Lax = Record<string, () => unknown>;
    const container = createContainer()
      .scoped('user', () => 'ada')
      .transient('label', (needs) => (needs as unknown as Lax).user)
      .singleton('cache', (needs) => (needs as unknown as Lax).label)
      .singleton('direct', (needs) => (needs as unknown as Lax).user)
      .singleton('lazy', (needs) => () => (needs as unknown as Lax).user)
      .singleton('ofRequest', (needs) => (needs as unknown as Lax).request);
    const scope = container.createScope({ request: {} as never });
    for (const name of ['cache', 'direct', 'ofRequest'] as const)
      expect(failure(() => scope.get(name)).code).toBe('HTTP_DEPENDENCY_CAPTIVE');
    expect(failure(() => scope.get('cache')).message).toContain('cache → label → user');
    expect(failure(() => scope.get('lazy')()).code).toBe('HTTP_DEPENDENCY_CAPTIVE');
    expect(failure(() => container.get('user' as 'label')).code).toBe('HTTP_DEPENDENCY_CAPTIVE');
    expect(scope.get('label')).toBe('ada');
    expect(scope.get('user')).toBe('ada');
  });

  it('says what a scope was not given', () => {
    const scope = createContainer()
      .scoped('ip', ({ request }) => request)
      .createScope({} as never);
    expect(failure(() => scope.get('ip')).message).toContain('container.createScope({ request })');
    expect(
      failure(() =>
        createContainer()
          .value('job', 1)
          .createScope({ job: 2 } as never),
      ).code,
    ).toBe('HTTP_DEPENDENCY_TWICE');
  });

  it('disposes a scope once, the last one first, waiting for each, and goes on where one fails or hangs', async () => {
    const clock = manualClock();
    const log = recordedLog();
    const ended: string[] = [];
    const slow = async (name: string) => {
      await Promise.resolve();
      ended.push(name);
    };
    const container = createContainer<object>({ log, disposeTimeoutMs: 100 }, clock)
      .scoped('a', () => 'a', { dispose: slow })
      .scoped('b', ({ a }) => `${a}b`, { dispose: slow })
      .scoped('broken', ({ b }) => b, { dispose: () => Promise.reject(new Error('no')) })
      .scoped('hanging', ({ broken }) => broken, { dispose: () => new Promise(() => {}) })
      .scoped('later', async ({ hanging }) => hanging, { dispose: (value) => ended.push(`later ${value}`) })
      .scoped('failed', () => Promise.reject(new Error('never made')), { dispose: () => ended.push('what was never made') })
      .scoped('unused', () => 1, { dispose: () => ended.push('unused') });
    const scope = container.createScope({});
    void scope.get('later');
    await Promise.resolve(scope.get('failed')).catch(() => {});
    const closing = [scope.close(), scope.close()];
    for (let i = 0; i < 20; i++) await Promise.resolve();
    clock.pass(100);
    await Promise.all(closing);
    expect(ended).toEqual(['later ab', 'ab', 'a']);
    expect(log.lines).toEqual([
      'error: "hanging" of a container is not disposed after 100 ms: gone on without it',
      'error: "broken" of a container could not be disposed: no',
    ]);
    expect(failure(() => scope.get('a')).code).toBe('HTTP_CONTAINER_CLOSED');
  });

  it('closes the scopes that are open, then its singletons, the last one first; then it gives nothing more', async () => {
    const ended: string[] = [];
    const container = createContainer<object>()
      .singleton('pool', () => 'pool', { dispose: (name) => ended.push(name) })
      .singleton('repo', ({ pool }) => `repo of ${pool}`, { dispose: (name) => ended.push(name) })
      .scoped('unit', () => 'unit', { dispose: (name) => ended.push(name) });
    container.get('repo');
    container.createScope({}).get('unit');
    await Promise.all([container.close(), container.close()]);
    expect(ended).toEqual(['unit', 'repo of pool', 'pool']);
    expect(failure(() => container.get('pool')).code).toBe('HTTP_CONTAINER_CLOSED');
    expect(failure(() => container.createScope({})).code).toBe('HTTP_CONTAINER_CLOSED');
    expect(failure(() => container.value('late', 1)).code).toBe('HTTP_CONTAINER_CLOSED');
  });

  it('waits for scopes that are closing already before it disposes what they may use', async () => {
    const ended: string[] = [];
    let release = (): void => {};
    const container = createContainer<object>()
      .singleton('pool', () => 'pool', { dispose: (name) => ended.push(name) })
      .scoped('unit', ({ pool }) => `unit of ${pool}`, {
        dispose: async (name) => {
          await new Promise<void>((resolve) => (release = resolve));
          ended.push(name);
        },
      });
    const scope = container.createScope({});
    scope.get('unit');
    const closing = [scope.close(), container.close()];
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(ended).toEqual([]);
    release();
    await Promise.all(closing);
    expect(ended).toEqual(['unit of pool', 'pool']);
  });

  it('disposes nothing while a scope is held by work that uses it, and waits no longer than it may', async () => {
    const clock = manualClock();
    const log = recordedLog();
    const ended: string[] = [];
    const container = createContainer<object>({ log, holdTimeoutMs: 1_000 }, clock).scoped('unit', () => 'unit', {
      dispose: (name) => ended.push(name),
    });
    const tick = async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve();
    };
    for (const end of ['resolve', 'reject', 'never'] as const) {
      const scope = container.createScope({});
      scope.get('unit');
      let [resolve, reject] = [(_value: string): void => {}, (_error: Error): void => {}];
      const promise = new Promise<string>((...settle) => ([resolve, reject] = settle));
      const held = scope.hold(promise);
      const closing = scope.close();
      await tick();
      expect([end, ended]).toEqual([end, []]);
      // It can go on to its end.
      expect(scope.get('unit')).toBe('unit');
      if (end === 'resolve') resolve('done');
      else if (end === 'reject') reject(new Error('failed'));
      else clock.pass(1_000);
      await closing;
      expect(failure(() => scope.get('unit')).code).toBe('HTTP_CONTAINER_CLOSED');
      if (end === 'resolve') expect(await held).toBe('done');
      if (end === 'reject') await expect(held).rejects.toThrow('failed');
      expect(ended.splice(0)).toEqual(['unit']);
    }
    expect(log.lines).toEqual([expect.stringContaining('error: a scope is held by work that is not over after 1000 ms')]);
  });

  it('takes another value in tests', () => {
    const container = createContainer()
      .singleton('mailer', () => ({ send: (): string => 'sent' }))
      .singleton('news', ({ mailer }) => mailer.send());
    container.replace('mailer', { send: () => 'noted' });
    expect(container.get('news')).toBe('noted');
    expect(failure(() => container.replace('mialer' as 'mailer', {} as never)).message).toContain('Did you mean "mailer"');
  });
});
