import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import type { IdempotencyStore } from '../src/index.ts';
import { expresses, onExpress, type RawAnswer, rawRequest, startService, stopAll, until } from './fleet.test-support.ts';

const compression = createRequire(import.meta.url)('compression');

afterEach(stopAll);

const post = (
  url: string,
  key: string | undefined,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<RawAnswer> =>
  rawRequest(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }), ...headers },
  });

describe.each(expresses)('Idempotency-Key on %s', (_name, express) => {
  describe.each(['before', 'behind'])('%s express.json()', (place) => {
    async function orders() {
      const ran: unknown[] = [];
      const release: (() => void)[] = [];
      const service = await startService(
        'orders',
        (app, micro) => {
          const chain = [micro.idempotent(), express.json()];
          app.post('/orders', ...(place === 'before' ? chain : chain.reverse()), (req, res) => {
            ran.push(req.body);
            const answer = () => {
              res.cookie('session', 'secret').location(`/orders/${ran.length}`).set('x-own', '1').status(201);
              res.json({ number: ran.length, ...(req.body as object) });
            };
            if (req.body.slow) release.push(answer);
            else answer();
          });
        },
        { express },
      );
      return { ...service, ran, release };
    }

    it('runs once, and gives the same answer again', async () => {
      const { url, ran, micro } = await orders();
      const first = await post(`${url}/orders`, 'k-1', { item: 'pen' });
      const second = await post(`${url}/orders`, '"k-1"', { item: 'pen' });
      expect([first.status, first.body, first.headers['idempotency-replayed']]).toEqual([
        201,
        '{"number":1,"item":"pen"}',
        undefined,
      ]);
      expect([second.status, second.body, second.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
      for (const name of ['content-type', 'location', 'etag', 'content-length'])
        expect([name, second.headers[name]]).toEqual([name, first.headers[name]]);
      // What belongs to one client, or is nobody's business, is not kept.
      expect([first.headers['set-cookie'] === undefined, second.headers['set-cookie'], second.headers['x-own']]).toEqual([
        false,
        undefined,
        undefined,
      ]);
      expect(ran).toEqual([{ item: 'pen' }]);
      expect(micro.counters()).toMatchObject({ replayed: 1, replayRefused: 0 });
      expect((await post(`${url}/orders`, undefined, { item: 'pen' })).body).toBe('{"number":2,"item":"pen"}');
    });

    it('with another payload is refused 422; of another caller, key or path it is another request', async () => {
      const { url, ran, micro } = await orders();
      await post(`${url}/orders`, 'k-1', { item: 'pen' });
      const other = await post(`${url}/orders`, 'k-1', { item: 'ink' });
      expect([other.status, JSON.parse(other.body).error]).toEqual([422, 'Unprocessable Content']);
      expect((await post(`${url}/orders?rush=1`, 'k-1', { item: 'pen' })).status).toBe(422);
      expect([ran.length, micro.counters().replayRefused]).toEqual([1, 2]);
      await post(`${url}/orders`, 'k-2', { item: 'pen' });
      await post(`${url}/orders`, 'k-1', { item: 'pen' }, { authorization: 'Bearer somebody-else' });
      expect(ran).toHaveLength(3);
    });

    it('of twenty at once one runs; the others are told that it is under way', async () => {
      const { url, ran, release, micro } = await orders();
      const answers = Array.from({ length: 20 }, () => post(`${url}/orders`, 'k-1', { slow: true }));
      await until(
        'nineteen to be refused',
        () => micro.counters().replayRefused,
        (count) => count === 19,
      );
      release[0]?.();
      const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array(19).fill(409)]);
      expect((await Promise.all(answers)).find(({ status }) => status === 409)?.headers['retry-after']).toBe('1');
      expect(ran).toHaveLength(1);
      expect((await post(`${url}/orders`, 'k-1', { slow: true })).headers['idempotency-replayed']).toBe('true');
    });
  });

  // On Fastify compression stands elsewhere: packages/fastify/test/native.int.test.ts.
  onExpress('an answer that was compressed behind it is given again so that everybody can read it', async () => {
    const { url } = await startService(
      'orders',
      (app, micro) => {
        app.post('/orders', micro.idempotent(), compression({ threshold: 0 }), (_req, res) => {
          res.status(201).json({ text: 'x'.repeat(3_000) });
        });
      },
      { express },
    );
    const first = await post(`${url}/orders`, 'k', {}, { 'accept-encoding': 'gzip' });
    expect([first.status, first.headers['content-encoding']]).toEqual([201, 'gzip']);
    for (const encoding of ['gzip', 'identity']) {
      const again = await post(`${url}/orders`, 'k', {}, { 'accept-encoding': encoding });
      expect([again.headers['idempotency-replayed'], again.headers['content-encoding']]).toEqual(['true', undefined]);
      expect(again.body).toBe(`{"text":"${'x'.repeat(3_000)}"}`);
    }
  });

  it('failures are not kept, refusals are, and neither is what is too large', async () => {
    const ran: Record<string, number> = {};
    const { url } = await startService(
      'answers',
      (app, micro) => {
        app.post('/:status', micro.idempotent({ maxResponseBytes: 1_000 }), (req, res) => {
          const { status } = req.params as { status: string };
          ran[status] = (ran[status] ?? 0) + 1;
          if (status === 'thrown') throw Object.assign(new Error('planned'), { status: 500 });
          if (status === 'large') return void res.send('x'.repeat(1_001));
          if (status === 'parts') {
            res.writeHead(202, { 'content-type': 'text/plain', 'x-own': '1' });
            res.write('one ');
            return void res.end('two');
          }
          res.sendStatus(Number(status));
        });
      },
      { express, log: false },
    );
    const runs = async (status: string) => {
      for (let attempt = 0; attempt < 2; attempt += 1) await post(`${url}/${status}`, 'k');
      return ran[status];
    };
    for (const status of ['500', '503', '429', 'thrown', 'large']) expect([status, await runs(status)]).toEqual([status, 2]);
    for (const status of ['200', '204', '404', '400', 'parts']) expect([status, await runs(status)]).toEqual([status, 1]);
    const parts = await post(`${url}/parts`, 'k');
    expect([parts.status, parts.body, parts.headers['content-type']]).toEqual([202, 'one two', 'text/plain']);
    expect((await post(`${url}/204`, 'k')).status).toBe(204);
  });

  it('is demanded where it is required, has to be one, and means nothing for GET', async () => {
    let ran = 0;
    const { url, micro } = await startService(
      'strict',
      (app, { idempotent }) => {
        app.all('/', idempotent({ required: true, maxRequestBytes: 10 }), (_req, res) => void res.json(++ran));
      },
      { express },
    );
    expect((await post(url, undefined)).status).toBe(400);
    expect((await post(url, 'x'.repeat(300))).status).toBe(400);
    expect((await post(url, 'k', 'more than ten bytes')).status).toBe(413);
    expect(ran).toBe(0);
    for (const n of ['1', '2']) expect((await rawRequest(url, { headers: { 'idempotency-key': 'k' } })).body).toBe(n);
    expect(() => micro.idempotent({ ttl: 5 } as never)).toThrow(/Unknown option "ttl" of idempotent\(\)/);
    expect(() => micro.idempotent({ store: {} as never })).toThrow(/begin, renew, complete, release/);
    expect(() => Reflect.apply(micro.idempotent, undefined, [{}, {}, () => {}])).toThrow(/micro\.idempotent\(\).*, handler/);
  });

  it('a store that fails runs nothing; one that fails afterwards takes no answer away', async () => {
    let ran = 0;
    let isBroken = true;
    const store: IdempotencyStore = {
      async begin() {
        if (isBroken) throw new Error('no store');
        return { state: 'begun' };
      },
      renew: async () => {},
      complete: () => {
        throw new Error('no store any more');
      },
      release: async () => {},
    };
    const { url, warnings } = await startService(
      'broken',
      (app, micro) => void app.post('/', micro.idempotent({ store }), (_req, res) => void res.json(++ran)),
      { express },
    );
    expect((await post(url, 'k')).status).toBe(500);
    expect(ran).toBe(0);
    isBroken = false;
    expect((await post(url, 'k')).body).toBe('1');
    expect(warnings.join()).toContain('the store of idempotency keys failed: no store any more');
  });

  it('between services: a call with `idempotencyKey` runs once, whichever instance of the caller makes it', async () => {
    let ran = 0;
    const { url } = await startService(
      'orders',
      (app, micro) => void app.post('/orders', micro.idempotent(), (_req, res) => void res.json(++ran)),
      { express },
    );
    const callers = await Promise.all([1, 2].map(() => startService('shop', () => {}, { express, peers: [url] })));
    for (const { micro } of callers) {
      await micro.ready({ services: ['orders'] });
      expect(await micro.services.orders.createOrder({}, { idempotencyKey: 'k-1' })).toBe(1);
    }
    expect(ran).toBe(1);
  });
});
