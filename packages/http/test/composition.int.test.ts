import { describe, expect, it, vi } from 'vitest';
import {
  chain,
  composite,
  type HttpRequest,
  onError,
  pipeline,
  provide,
  UnauthorizedError,
  unless,
  withLogging,
} from '../src/index.ts';
import { recordedLog } from '../src/manual-clock.test-support.ts';
import { EXPRESSES, HOSTS, listen } from './hosts.test-support.ts';

const users = new Map([['t-ada', { name: 'ada' }]]);
const user = provide(async (req) => {
  const found = users.get(req.headers.authorization ?? '');
  if (found === undefined) throw new UnauthorizedError();
  return { user: found };
});

describe.each(HOSTS)('middleware patterns on $host', ({ serve }) => {
  it('a pipeline knows who calls in its last step, and refuses before that', async () => {
    const url = await serve([pipeline(user, (req, res) => void res.end(`hello ${req.user.name}`))], () => {
      throw new Error('not reached');
    });
    expect(await (await fetch(url, { headers: { authorization: 't-ada' } })).text()).toBe('hello ada');
    const refused = await fetch(url);
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'Authentication required', code: 'UNAUTHORIZED' }]);
  });

  it('an error step answers for those before it', async () => {
    const url = await serve(
      [
        pipeline(
          user,
          onError((_error, _req, res) => res.writeHead(302, { location: '/login' }).end()),
        ),
      ],
      (_req, res) => res.end('in'),
    );
    const { status, headers } = await fetch(url, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, '/login']);
  });

  it('unless leaves paths out, and a composite is one middleware', async () => {
    const url = await serve([unless(['/login', '/public/*'], composite('members', user))], (req, res) => res.end(req.url));
    expect(
      await Promise.all(['/login', '/public/a', '/orders'].map((path) => fetch(url + path).then(({ status }) => status))),
    ).toEqual([200, 200, 401]);
  });

  it('withLogging says how a handler went, without the query', async () => {
    const log = recordedLog();
    async function getOrders(req: HttpRequest, res: import('node:http').ServerResponse) {
      if (req.url?.startsWith('/broken')) throw new Error('no database');
      res.statusCode = req.url?.startsWith('/none') ? 404 : 200;
      res.end();
    }
    const url = await serve([], withLogging(getOrders, { log }));
    for (const path of ['/orders?token=secret', '/none']) await fetch(url + path);
    await vi.waitFor(() => expect(log.lines).toHaveLength(2));
    expect(log.lines[0]).toMatch(/^info: getOrders GET \/orders 200 in \d+ ms$/);
    expect(log.lines[1]).toMatch(/^warn: getOrders GET \/none 404 in \d+ ms$/);
    await fetch(`${url}/broken`, { signal: AbortSignal.timeout(300) }).catch(() => {});
    await vi.waitFor(() => expect(log.lines[2]).toMatch(/^error: getOrders GET \/broken failed in \d+ ms: no database$/));
    await fetch(`${url}/orders`);
    await vi.waitFor(() => expect(log.lines.at(-1)).toContain('GET /orders 200'));
    // One line a request, also for one that failed.
    expect(log.lines).toHaveLength(4);
  });

  it('withLogging says when a client gives up', async () => {
    const log = recordedLog();
    let arrived = (): void => {};
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const url = await serve(
      [],
      withLogging(() => arrived(), { log, name: 'slow' }),
    );
    const controller = new AbortController();
    const asked = fetch(url, { signal: controller.signal }).catch(() => {});
    await isThere;
    controller.abort();
    await asked;
    await vi.waitFor(() =>
      expect(log.lines).toEqual([expect.stringMatching(/^warn: slow GET \/ was given up by its client in \d+ ms$/)]),
    );
  });

  it('a chain of responsibility answers a handler’s question', async () => {
    const priceOf = chain([(member: boolean) => (member ? 8 : undefined), async () => undefined], () => 10);
    const url = await serve([], async (req, res) => res.end(String(await priceOf(req.url === '/member'))));
    expect(await Promise.all(['/member', '/'].map((path) => fetch(url + path).then((answer) => answer.text())))).toEqual([
      '8',
      '10',
    ]);
  });
});

it.each(EXPRESSES)('next("route") in a pipeline goes to the next route of Express $version', async ({ express }) => {
  const app = express();
  app.get(
    '/x',
    pipeline((_req, _res, next) => next('route')),
    (_req, res) => void res.send('same route'),
  );
  app.get('/x', (_req, res) => void res.send('next route'));
  expect(await (await fetch(`${await listen(app)}/x`)).text()).toBe('next route');
});

it('withLogging is refused what is no handler, and options that there are not', () => {
  expect(() => withLogging(undefined as never)).toThrow('withLogging() got undefined; it takes a handler');
  expect(() => withLogging(() => {}, { level: 'info' } as never)).toThrow('Unknown option "level"');
  expect(() => withLogging(() => {}, { log: {} as never })).toThrow('info, warn and error');
});
