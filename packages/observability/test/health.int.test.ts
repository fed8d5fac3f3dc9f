import { afterEach, describe, expect, it } from 'vitest';
import { ask, expresses, startApp, stopAll } from './operated-apps.test-support.ts';

afterEach(stopAll);

const json = async (url: string, headers: Record<string, string> = {}) => {
  const { status, text } = await ask(url, { headers });
  return [status, JSON.parse(text)];
};
/** As somebody from elsewhere is seen: through a proxy. */
const STRANGER = { 'x-forwarded-for': '203.0.113.9' };

describe.each(expresses)('health on %s', (_name, express) => {
  it('M7: alive, and ready with the checks and how long they took', async () => {
    const { url } = await startApp((_app, { health }) => void health.check('database', async () => {}), { express });
    expect(await json(`${url}/health/live`)).toEqual([200, { status: 'alive' }]);
    const [status, body] = await json(`${url}/health/ready`);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'ready',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      checks: {
        eventLoop: { status: 'up', latency: expect.any(Number) },
        database: { status: 'up', latency: expect.any(Number) },
      },
    });
  });

  it('degraded where something critical is down; why is only for who may know it', async () => {
    const { url, lines } = await startApp(
      (_app, { health }) => {
        health.check('database', () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432')));
        health.check('cache', () => new Promise(() => {}), { timeoutMs: 20 });
      },
      { express },
    );
    const [status, body] = await json(`${url}/health/ready`);
    expect([status, body.status]).toEqual([503, 'degraded']);
    expect(body.checks).toMatchObject({
      database: { status: 'down', error: 'connect ECONNREFUSED 10.0.0.7:5432' },
      cache: { status: 'down', error: 'no answer within 20 ms' },
    });
    const [, told] = await json(`${url}/health/ready`, STRANGER);
    expect(told.checks).toMatchObject({
      database: { status: 'down', error: 'failed' },
      cache: { status: 'down', error: 'timed out' },
    });
    expect(lines).toContain('the health check "database" failed: connect ECONNREFUSED 10.0.0.7:5432');
    // Whatever is wrong, a process that answers is alive: to kill it would mend no database.
    expect(await json(`${url}/health/live`, STRANGER)).toEqual([200, { status: 'alive' }]);
  });

  it('ready without what is not critical, which is shown', async () => {
    const { url, metrics } = await startApp(
      (_app, { health }) => void health.check('mail', () => Promise.reject(new Error('no')), { isCritical: false }),
      { express },
    );
    const [status, body] = await json(`${url}/health/ready`);
    expect([status, body.status, body.checks.mail]).toEqual([200, 'ready', { status: 'down', error: 'no' }]);
    expect(await metrics.text()).toContain('health_check_up{check="mail"} 0');
  });

  it('not ready while the process ends, and alive to its end', async () => {
    const { url, shutdown } = await startApp(() => {}, { express, shutdown: { signals: [], serveOnMs: 300 } });
    void shutdown.now();
    const [status, body] = await json(`${url}/health/ready`, STRANGER);
    expect([status, body.checks.leaving]).toEqual([503, { status: 'down', error: 'leaving' }]);
    expect((await ask(`${url}/health/live`)).status).toBe(200);
  });
});

describe('a check', () => {
  it('is asked once, however many probes there are', async () => {
    let runs = 0;
    const { url } = await startApp(
      (_app, { health }) =>
        void health.check('database', () => {
          runs += 1;
        }),
    );
    await Promise.all(Array.from({ length: 20 }, () => ask(`${url}/health/ready`)));
    expect(runs).toBe(1);
  });

  it('can be taken back, and has a name of its own', async () => {
    const { url, health } = await startApp(() => {});
    const takeBack = health.check('database', () => Promise.reject(new Error('no')));
    expect(() => health.check('database', () => {})).toThrow(/already/);
    expect(() => health.check('leaving', () => {})).toThrow(/already/);
    expect(() => health.check('a b', () => {})).toThrow(/letters/);
    expect(() => health.check('x', 5 as never)).toThrow(expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID' }));
    expect(() => health.check('x', () => {}, { timeoutMs: 0 })).toThrow(/milliseconds/);
    takeBack();
    expect((await health.report()).status).toBe('ready');
    expect((await ask(`${url}/health/ready`)).status).toBe(200);
  });
});

it('services are asked for, and there is no mesh: not ready', async () => {
  const { url } = await startApp(() => {}, { health: { services: ['orders'] } });
  const [status, body] = await json(`${url}/health/ready`, STRANGER);
  expect([status, body.checks.mesh]).toEqual([503, { status: 'down', error: 'missing' }]);
});
