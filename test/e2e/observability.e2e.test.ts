import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type ObservabilityOptions, observability } from '@express-micro/observability';
import express5 from 'express';
import expressMicro from 'express-micro';
import { afterEach, describe, expect, it, vi } from 'vitest';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
process.env.EXPRESS_DISCOVERY_KEY = 'a-key-for-these-tests-alone';

type App = ReturnType<typeof express5>;
type LoggedLine = Readonly<Record<string, unknown>>;
const EXPRESSES = [
  { version: 4, express: createRequire(import.meta.url)('express4') as typeof express5 },
  { version: 5, express: express5 },
];
const closers: (() => unknown)[] = [];
const later = (close: () => unknown) => void closers.push(close);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function observe(app: App, options: ObservabilityOptions = {}) {
  const lines: LoggedLine[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as LoggedLine) };
  const { logger, close } = observability(app, {
    service: 'orders',
    logger: { console: false, level: 'trace', stream },
    ...options,
  });
  later(close);
  const some = (isSo: (line: LoggedLine) => boolean, count = 1) =>
    vi.waitFor(() => {
      const found = lines.filter(isSo);
      expect(found.length).toBeGreaterThanOrEqual(count);
      return found;
    });
  return { lines, logger, some };
}

async function listen(app: App): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const isAccess = (line: LoggedLine): boolean => 'durationMs' in line;

describe.each(EXPRESSES)('observability and the mesh on Express $version', ({ express }) => {
  it.each([['observability first'], ['expressMicro first']])('with the mesh there is one context: %s', async (order) => {
    const app = express();
    let seen: ReturnType<typeof observe> | undefined;
    if (order === 'observability first') seen = observe(app);
    const micro = expressMicro(app, { serviceName: 'orders', log: false, transport: 'http' });
    seen ??= observe(app);
    const { logger, some, lines } = seen;
    later(() => micro.close());
    app.get('/paid/:id', async (_req, res) => {
      await new Promise((resolve) => setImmediate(resolve));
      logger.info('inside');
      res.json({});
    });
    const url = await listen(app);

    const shop = express();
    const other = expressMicro(shop, { serviceName: 'shop', peers: [url], log: false, transport: 'http' });
    later(() => other.close());
    const ofShop = observe(shop, { service: 'shop' });
    shop.get('/buy', async (_req, res) => {
      ofShop.logger.info('buying');
      res.json(await (other.services as never as { orders: { getPaid(of: object): Promise<object> } }).orders.getPaid({ id: 1 }));
    });
    const shopUrl = await listen(shop);
    await other.ready();
    const answer = await fetch(`${shopUrl}/buy`);
    const id = answer.headers.get('x-request-id');
    expect([answer.status, UUID.test(id ?? '')]).toEqual([200, true]);

    // Down the call, in both access lines, and who called is known.
    const [inside] = await some(({ message }) => message === 'inside');
    expect(inside).toMatchObject({ requestId: id, caller: 'shop', service: 'orders' });
    const [access] = await some((line) => isAccess(line) && line.url === '/paid/1');
    expect(access).toMatchObject({ requestId: id, caller: 'shop', status: 200 });
    const [buying] = await ofShop.some(({ message }) => message === 'buying');
    expect(buying).toMatchObject({ requestId: id });
    expect(buying).not.toHaveProperty('caller');

    // What the mesh refuses is seen as well, and what it says to itself is not.
    await fetch(`${url}/paid/1`, { headers: { 'express-micro-caller': 'forged' } });
    await fetch(`${url}/_discovery/services`);
    const [refused] = await some((line) => isAccess(line) && String(line.url).startsWith('/_discovery'));
    expect(refused).toMatchObject({ status: 401 });
    expect(lines.filter((line) => isAccess(line) && String(line.url).startsWith('/_discovery') && line.status === 200)).toEqual(
      [],
    );
  });

  it('calls over a link are one line each, too, with their status and caller', async () => {
    const app = express();
    const { some } = observe(app);
    const micro = expressMicro(app, { serviceName: 'orders', log: false });
    later(() => micro.close());
    app.get('/orders/:id', (req, res) => void res.status(req.params.id === '0' ? 404 : 200).json({}));
    const url = await listen(app);
    const shop = express();
    const other = expressMicro(shop, { serviceName: 'shop', peers: [url], log: false });
    later(() => other.close());
    await listen(shop);
    await other.ready();
    const { orders } = other.services as never as { orders: { getOrder(of: object): Promise<object> } };
    for (const id of [1, 2, 3]) await orders.getOrder({ id });
    await expect(orders.getOrder({ id: 0 })).rejects.toMatchObject({ status: 404 });
    const told = await some((line) => isAccess(line) && String(line.url).startsWith('/orders'), 4);
    expect(told.map(({ url: path, status, caller, aborted }) => [path, status, caller, aborted])).toEqual([
      ['/orders/1', 200, 'shop', undefined],
      ['/orders/2', 200, 'shop', undefined],
      ['/orders/3', 200, 'shop', undefined],
      ['/orders/0', 404, 'shop', undefined],
    ]);
    expect(other.counters().attemptsOverLink + other.counters().attemptsInProcess).toBeGreaterThan(0);
  });
});
