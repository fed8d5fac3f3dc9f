import { describe, expect, it, vi } from 'vitest';
import { createContainer, type HttpRequest, scopeOf, scopePerRequest } from '../src/index.ts';
import { recordedLog } from '../src/manual-clock.test-support.ts';
import { HOSTS } from './hosts.test-support.ts';

function shop() {
  const log = recordedLog();
  const ended: string[] = [];
  let units = 0;
  const container = createContainer({ log })
    .singleton('pool', () => ({ name: 'pool' }))
    .scoped('user', ({ request }) => request.headers['x-user'] ?? 'nobody')
    .scoped('unit', ({ pool, user }) => ({ pool, user, id: ++units }), {
      dispose: async ({ user }) => {
        await Promise.resolve();
        ended.push(String(user));
      },
    });
  return { container, ended, log };
}

describe.each(HOSTS)('a scope for each request on $host', ({ serve }) => {
  it('has one of each scoped value, knows its request, and is disposed once when the answer is out', async () => {
    const { container, ended } = shop();
    const url = await serve([scopePerRequest(container), scopePerRequest(container)], (req, res) => {
      const { scope } = req as HttpRequest & { scope: ReturnType<typeof container.createScope> };
      const unit = scopeOf(container, req).get('unit');
      res.end(
        JSON.stringify({ isOne: scope.get('unit') === unit, user: unit.user, isShared: unit.pool === container.get('pool') }),
      );
    });
    const ask = (user: string) => fetch(url, { headers: { 'x-user': user } }).then((answer) => answer.json());
    expect(await Promise.all(['ada', 'grace'].map(ask))).toEqual(
      ['ada', 'grace'].map((user) => ({ isOne: true, user, isShared: true })),
    );
    await vi.waitFor(() => expect(ended.sort()).toEqual(['ada', 'grace']));
    await container.close();
    expect(ended).toHaveLength(2);
  });

  it('is disposed once when the client goes away', async () => {
    const { container, ended } = shop();
    let made = (): void => {};
    const isMade = new Promise<void>((resolve) => (made = resolve));
    const url = await serve([scopePerRequest(container)], (req) => {
      scopeOf(container, req).get('unit');
      made();
    });
    const controller = new AbortController();
    const asked = fetch(url, { signal: controller.signal, headers: { 'x-user': 'ada' } }).catch(() => {});
    await isMade;
    controller.abort();
    await asked;
    await vi.waitFor(() => expect(ended).toEqual(['ada']));
  });

  it('is not disposed under a handler that holds it, when its client goes away', async () => {
    const log: string[] = [];
    const container = createContainer().scoped('session', () => ({ isReleased: false }), {
      dispose: (session) => {
        session.isReleased = true;
        log.push('released');
      },
    });
    let begun = (): void => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let commit = (): void => {};
    const transaction = new Promise<void>((resolve) => (commit = resolve));
    let gone = (): void => {};
    const isGone = new Promise<void>((resolve) => (gone = resolve));
    const url = await serve([scopePerRequest(container)], (req, res) => {
      const scope = scopeOf(container, req);
      res.once('close', gone);
      return scope.hold(
        (async () => {
          const session = scope.get('session');
          begun();
          await transaction;
          log.push(session.isReleased ? 'committed on a session of somebody else' : 'committed');
        })(),
      );
    });
    const controller = new AbortController();
    const asked = fetch(url, { signal: controller.signal }).catch(() => {});
    await hasBegun;
    controller.abort();
    await Promise.all([asked, isGone]);
    commit();
    await vi.waitFor(() => expect(log).toEqual(['committed', 'released']));
  });

  it('makes nothing where nobody asks, and says so when somebody asks too late', async () => {
    const { container, ended } = shop();
    let late: unknown;
    const url = await serve([scopePerRequest(container)], (req, res) => {
      res.once('close', () => {
        try {
          scopeOf(container, req).get('unit');
        } catch (error) {
          late = (error as { code: string }).code;
        }
      });
      res.end('ok');
    });
    await fetch(url);
    await vi.waitFor(() => expect(late).toBe('HTTP_CONTAINER_CLOSED'));
    expect(ended).toEqual([]);
  });

  it('has an error that says what to do where the middleware is missing', async () => {
    const { container } = shop();
    const url = await serve([], (req, res) => {
      try {
        scopeOf(container, req);
      } catch (error) {
        res.end((error as Error).message);
      }
    });
    expect(await (await fetch(url)).text()).toContain('app.use(scopePerRequest(container))');
    expect(() => scopePerRequest(undefined as never)).toThrow('it takes a container');
  });
});
