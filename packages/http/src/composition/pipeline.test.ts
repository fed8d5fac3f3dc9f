import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../middleware.ts';
import { chain } from './chain.ts';
import { composite, onError, pipeline } from './pipeline.ts';
import { provide } from './provide.ts';
import type { AnyMiddleware } from './step.ts';
import { unless } from './unless.ts';

const req = (given: object = {}) => ({ method: 'GET', url: '/', headers: {}, ...given }) as HttpRequest;
const res = {} as ServerResponse;

/** Runs a middleware; answers with what it went on with. */
function run(middleware: AnyMiddleware, request = req()): Promise<unknown[]> {
  return new Promise((resolve) => void middleware(request, res, (...args: unknown[]) => resolve(args)));
}

describe('a pipeline', () => {
  it('runs its steps in order, waits for those that say so later, and goes on', async () => {
    const order: string[] = [];
    const step = (name: string, isLate: boolean) => (_req: unknown, _res: unknown, next: () => void) => {
      order.push(name);
      if (isLate) setImmediate(next);
      else next();
    };
    expect(await run(pipeline(step('a', true), step('b', false), step('c', true)))).toEqual([]);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('puts on the request what a step provides, and no key that reaches a prototype', async () => {
    const request = req();
    const evil = JSON.parse('{"__proto__": {"isAdmin": true}, "ok": 1}') as { ok: number };
    let seen: unknown;
    await run(
      pipeline(
        provide(async () => ({ user: { id: 7 } })),
        provide(() => evil),
        (known, _res, next) => {
          seen = [known.user.id, known.ok];
          next();
        },
      ),
      request,
    );
    expect(seen).toEqual([7, 1]);
    expect((request as unknown as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each<[string, AnyMiddleware]>([
    ['passed on', (_req, _res, next) => next(new Error('no'))],
    [
      'thrown',
      () => {
        throw new Error('no');
      },
    ],
    [
      'rejected',
      async () => {
        throw new Error('no');
      },
    ],
    ['of what is provided', provide(() => Promise.reject(new Error('no')))],
  ])('hands an error that is %s to the next error step, or out', async (_how, failing) => {
    let isPassed = false;
    const never: AnyMiddleware = (_req, _res, next) => {
      isPassed = true;
      next();
    };
    expect(await run(pipeline(failing, never))).toEqual([expect.objectContaining({ message: 'no' })]);
    expect(isPassed).toBe(false);
    const handled: unknown[] = [];
    const handler = onError((error, _req, _res, next) => {
      handled.push((error as Error).message);
      next();
    });
    expect(await run(pipeline(failing, handler, never))).toEqual([]);
    expect([handled, isPassed]).toEqual([['no'], true]);
  });

  it('passes error steps over where nothing failed, and treats null as no error', async () => {
    const handler = onError(() => {
      throw new Error('not for me');
    });
    expect(await run(pipeline((_req, _res, next) => next(null), handler))).toEqual([]);
  });

  it('lets go of everything at next("route")', async () => {
    const handler = onError(() => {
      throw new Error('no error');
    });
    expect(await run(pipeline((_req, _res, next) => next('route'), handler))).toEqual(['route']);
  });

  it('goes on once, whoever says it twice, and does not lose what fails afterwards', async () => {
    let times = 0;
    const count: AnyMiddleware = (_req, _res, next) => {
      times += 1;
      next();
    };
    const said: unknown[] = [];
    const twice: AnyMiddleware = (_req, _res, next) => {
      next();
      next();
      throw new Error('late');
    };
    pipeline(twice, count)(req(), res, (error) => said.push(error));
    expect(times).toBe(1);
    expect(said).toEqual([undefined, expect.objectContaining({ message: 'late' })]);
  });

  it('makes an error of a rejection without a reason', async () => {
    expect(await run(pipeline(() => Promise.reject()))).toEqual([expect.any(Error)]);
  });

  it('is refused where a step is none', () => {
    expect(() => pipeline(undefined as never)).toThrow('pipeline() got undefined as a step');
  });
});

describe('provide', () => {
  it('waits for what another library promises', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what libraries before promises gave
    const later = { then: (resolve: (found: object) => void) => setImmediate(resolve, { user: { id: 7 } }) };
    const request = req();
    expect(await run(pipeline(provide(() => later as never)), request)).toEqual([]);
    expect(request).toMatchObject({ user: { id: 7 } });
    expect(request).not.toHaveProperty('then');
  });

  it('fails, and does not end the process, where the request has no room for it', async () => {
    const request = Object.defineProperty(req(), 'ip', { get: () => '10.0.0.1' });
    for (const found of [{ ip: 'x' }, Promise.resolve({ ip: 'x' })])
      expect(await run(pipeline(provide(() => found as { ip: string })), request)).toEqual([expect.any(TypeError)]);
  });

  it('is no answer where nothing is found', async () => {
    for (const found of [undefined, null, 'x', 7, Promise.resolve(undefined), Promise.resolve(null)]) {
      const [error] = await run(pipeline(provide(() => found as never)), req());
      expect(error).toMatchObject({ code: 'HTTP_OPTION_INVALID', status: 500, message: expect.stringContaining('provide()') });
    }
  });
});

describe('a composite', () => {
  it('is one middleware with a name, that knows its parts and can stand in another', async () => {
    function first(_req: unknown, _res: unknown, next: () => void) {
      next();
    }
    const group = composite(
      'security',
      first,
      provide(() => ({ tenant: 'a' })),
    );
    expect([group.name, group.parts]).toEqual(['security', ['first', 'anonymous']]);
    const request = req();
    expect(await run(pipeline(group, composite('empty')), request)).toEqual([]);
    expect((request as unknown as { tenant: string }).tenant).toBe('a');
  });
});

describe('unless', () => {
  const isRun = async (except: Parameters<typeof unless>[0], url: string) => {
    let ran = false;
    const guard: AnyMiddleware = (_req, _res, next) => {
      ran = true;
      next();
    };
    await run(unless(except, guard), req({ url: 'mounted', originalUrl: url }));
    return ran;
  };

  it.each([
    ['/login', false],
    ['/login/', false],
    ['/login?next=/admin', false],
    ['/login#x', false],
    ['http://host/login', false],
    ['/Login', true],
    ['/login/x', true],
    ['/xlogin', true],
    ['/', true],
    ['/public', false],
    ['/public/a/b', false],
    ['/publicity', true],
    ['/public/../admin', true],
    ['/public/%2e%2E/admin', true],
    ['/public/..%2fadmin', true],
    ['/public/..\\admin', true],
    ['//public/x', true],
    ['/public//x', true],
    ['/public/.', true],
    ['/public/.well-known', false],
    ['HTTPS://host:8443/public/x', false],
    ['http://[::1]:80/login', false],
    ['http:///login', false],
    // What stands for the host ends elsewhere for others.
    ['http://host;/admin/login', true],
    ['http://host\\admin/login', true],
    ['http://a@host/login', true],
    ['http://host%2fadmin/login', true],
    ['host/login', true],
    ['', true],
  ])('for %s: runs %s', async (url, runs) => {
    expect(await isRun(['/login', '/public/*'], url)).toBe(runs);
  });

  it('takes patterns, also those that remember, and functions', async () => {
    const pattern = /^\/v\d+\/health$/g;
    expect([await isRun(pattern, '/v1/health'), await isRun(pattern, '/v1/health'), await isRun(pattern, '/v1')]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await isRun((request) => request.method === 'GET', '/x')).toBe(false);
  });

  it('takes a clear yes of a function for one, and no promise', async () => {
    for (const answer of [false, undefined, 'yes', 1, Promise.resolve(false), Promise.resolve(true)])
      expect(await isRun(() => answer as never, '/x')).toBe(true);
  });

  it('is refused where an exception is no path', () => {
    expect(() => unless('login', () => {})).toThrow('got "login" as an exception; it takes paths that begin with "/"');
    expect(() => unless('/login', undefined as never)).toThrow('got undefined as its middleware');
  });
});

describe('a chain of responsibility', () => {
  it('asks one after the other, until one answers, whatever that is', async () => {
    const asked: string[] = [];
    const link = (name: string, answer: number | null | undefined) => async (input: number) => {
      asked.push(`${name}${input}`);
      return answer;
    };
    expect(await chain([link('a', undefined), link('b', 0), link('c', 1)])(5)).toBe(0);
    expect(asked).toEqual(['a5', 'b5']);
    expect(await chain([link('a', null)])(5)).toBeNull();
    expect(await chain([link('a', undefined)])(5)).toBeUndefined();
    expect(await chain([link('a', undefined)], () => 9)(5)).toBe(9);
  });

  it('fails where one fails', async () => {
    await expect(
      chain([
        () => {
          throw new Error('no');
        },
        () => 1,
      ])(0),
    ).rejects.toThrow('no');
    expect(() => chain([1] as never)).toThrow('chain() got 1 as a link');
  });
});
