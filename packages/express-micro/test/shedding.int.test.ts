import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { bearer, expresses, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

describe.each(expresses)('too many requests on %s', (_name, express) => {
  it('are refused before anything of the app runs, can be asked elsewhere, and are told of', async () => {
    let ran = 0;
    const waiting: (() => void)[] = [];
    const { url, micro } = await startService(
      'shed',
      (app, { readiness }) => {
        app.use((_req, _res, next) => {
          ran += 1;
          next();
        });
        app.get('/waits', (_req, res) => void waiting.push(() => void res.json('at last')));
        app.get('/health/ready', readiness());
        app.get('/quick', (_req, res) => void res.json('quick'));
        app.post('/quick', express.json(), (req, res) => void res.json(req.body));
      },
      { express, shedding: { minInFlight: 1, maxInFlight: 2 } },
    );
    const overloads: boolean[] = [];
    micro.on('overload', (isOverloaded) => overloads.push(isOverloaded));
    const held = [rawRequest(`${url}/waits`), rawRequest(`${url}/waits`)];
    await until(
      'both to wait',
      () => waiting.length,
      (count) => count === 2,
    );
    const refused = await rawRequest(`${url}/quick`);
    expect([refused.status, refused.body]).toEqual([503, '{"error":"Service Unavailable"}']);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'express-micro-not-executed': '1' });
    expect([ran, overloads]).toEqual([2, [true]]);
    expect((await rawRequest(`${url}/health/ready`)).status).toBe(200);
    expect((await rawRequest(`${url}/healthy`)).status).toBe(503);
    expect((await rawRequest(`${url}/_discovery/services`, { headers: bearer() })).status).toBe(200);

    // The connection is kept, and what was sent with the refused request does not disturb the next.
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const post = (body: string) =>
      new Promise<[number, unknown]>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': body.length };
        const request = http.request(`${url}/quick`, { agent, method: 'POST', headers }, (res) => {
          res.resume().once('end', () => resolve([res.statusCode ?? 0, request.reusedSocket]));
        });
        request.once('error', reject).end(body);
      });
    expect(await post('{"a":1}')).toEqual([503, false]);
    for (const answer of waiting) answer();
    expect((await Promise.all(held)).map(({ body }) => body)).toEqual(['"at last"', '"at last"']);
    expect(await post('{"a":1}')).toEqual([200, true]);
    agent.destroy();
    expect(micro.counters()).toMatchObject({ shed: 3, served: 4 });
  });

  it('nothing is refused where it is switched off', async () => {
    const waiting: (() => void)[] = [];
    const { url, micro } = await startService(
      'unlimited',
      (app) => void app.get('/waits', (_req, res) => void waiting.push(() => void res.json('at last'))),
      { express, shedding: false },
    );
    const held = Array.from({ length: 50 }, () => rawRequest(`${url}/waits`));
    await until(
      'all to wait',
      () => waiting.length,
      (count) => count === 50,
    );
    for (const answer of waiting) answer();
    await Promise.all(held);
    expect(micro.counters()).toMatchObject({ shed: 0, served: 50 });
  });
});
