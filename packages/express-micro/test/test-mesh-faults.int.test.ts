import { describe, expect, it } from 'vitest';
import { expresses } from './fleet.test-support.ts';
import { JSON_TYPE, openShop, PAYMENTS, TEN_SECONDS } from './test-mesh.test-support.ts';

describe.each(expresses)('faults of a test mesh over %s', (_name, express) => {
  const shop = (seed?: number) => openShop(express, seed);

  it('down: refused and tried again, and whoever asks from outside gets 503', async () => {
    const { mesh, orders, payments, pay } = await shop();
    mesh.faults.down('payment-service');
    expect(await pay()).toMatchObject({ code: 'MESH_SERVICE_UNAVAILABLE', status: 503 });
    const refusals = mesh.history.filter((line) => line.includes('POST /payments  refused'));
    expect(refusals).toHaveLength(3);
    const answer = await orders.fetch('/orders/1');
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'MESH_SERVICE_UNAVAILABLE' }]);
    expect(payments.requests).toEqual([]);
    mesh.faults.heal('payment-service');
    expect(await pay()).toMatchObject({ value: { id: 'p-1' } });
  });

  it('down: another instance is tried, and nobody notices', async () => {
    const { mesh, pay, payments } = await shop();
    const second = mesh.stub('payment-service', PAYMENTS);
    await mesh.ready();
    mesh.faults.down(payments);
    for (let i = 0; i < 10; i++) expect(await pay()).toMatchObject({ value: { id: 'p-1' } });
    expect([payments.requests.length, second.requests.length]).toEqual([0, 10]);
  });

  it('slow: the deadline of ten seconds costs none of them, and a handler has run all the same', async () => {
    const { mesh, orders, payments, pay } = await shop();
    mesh.faults.slow('payment-service', 60_000);
    const beganAtMs = performance.now();
    expect(await pay()).toEqual({ code: 'MESH_DEADLINE_EXCEEDED', status: 504, tookMs: TEN_SECONDS });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(mesh.clock.nowMs).toBe(TEN_SECONDS);
    expect((await orders.fetch('/orders/1')).status).toBe(504);
    expect(performance.now() - beganAtMs).toBeLessThan(5_000);
    expect(payments.requests).toHaveLength(2);
    mesh.faults.slow('payment-service', 9_000);
    expect(await pay()).toMatchObject({ value: { id: 'p-1' }, tookMs: 9_000 });
  });

  it('slow: a range takes answers out of their order', async () => {
    const { mesh, orders } = await shop();
    mesh.faults.slow('payment-service', [10, 1_000]);
    const order: number[] = [];
    const calls = Array.from({ length: 8 }, (_, id) =>
      orders.services.paymentService.getPayment({ id }).then(() => order.push(id)),
    );
    await Promise.all(calls);
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(order).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('fail: so many times with this status, body and header, and never more', async () => {
    const { mesh, look, payments } = await shop();
    mesh.faults.fail('payment-service', { status: 500, times: 1, body: { why: 'test' } });
    expect(await look()).toMatchObject({ code: 'MESH_REMOTE_STATUS', status: 500 });
    expect(await look()).toMatchObject({ value: { id: '7' } });
    mesh.faults.fail('payment-service', { status: 503, times: 1, headers: { 'Retry-After': '2' } });
    expect(await look()).toEqual({ value: { id: '7' }, tookMs: 2_000 });
    expect(payments.requests).toHaveLength(2);
  });

  it('lose: a GET is tried again, a POST may have run, and says so', async () => {
    const { mesh, look, pay, payments } = await shop();
    mesh.faults.lose('payment-service', { times: 1 });
    expect(await look()).toMatchObject({ value: { id: '7' } });
    expect(payments.requests).toHaveLength(1);
    mesh.faults.lose('payment-service', { what: 'answer', times: 1 });
    expect(await pay()).toMatchObject({ code: 'MESH_CONNECTION_LOST', status: 503 });
    expect(payments.requests).toHaveLength(2);
  });

  it('lose: with an Idempotency-Key what has run is answered, and runs once', async () => {
    const { mesh, payments } = await shop();
    const web = mesh.stub('web');
    await mesh.ready();
    mesh.faults.lose('order-service', { what: 'answer', times: 1 });
    const answer = await web.services.orderService.createOrder({ amount: 5 }, { idempotencyKey: 'once' });
    expect(answer).toEqual({ id: 'p-1', amount: 5 });
    expect(payments.requests).toHaveLength(1);
    expect(mesh.history.filter((line) => line.includes('POST /orders'))).toHaveLength(2);
  });

  it('cut: one way is silence, the other one goes on', async () => {
    const { mesh, look, payments } = await shop();
    mesh.faults.cut('order-service', 'payment-service');
    expect(await look()).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED', tookMs: TEN_SECONDS });
    expect(payments.requests).toEqual([]);
    mesh.faults.heal();
    // Answers are on the way back: the request arrives, and nobody hears of it.
    mesh.faults.cut('payment-service', 'order-service');
    expect(await look()).toMatchObject({ code: 'MESH_DEADLINE_EXCEEDED' });
    expect(payments.requests).toHaveLength(1);
    const other = mesh.stub('other');
    await mesh.ready();
    expect(await other.services.paymentService.getPayment({ id: 1 })).toEqual({ id: '1' });
  });

  it('pause: what came meanwhile is answered when it goes on', async () => {
    const { mesh, look, payments } = await shop();
    mesh.faults.pause('payment-service');
    const call = look();
    await mesh.clock.advance(4_000);
    expect(payments.requests).toEqual([]);
    mesh.faults.heal('payment-service');
    expect(await call).toEqual({ value: { id: '7' }, tookMs: 4_000 });
  });

  it('pause: a request of which the caller has gone, or the process it was sent to, never arrives', async () => {
    const { mesh, look, orders, payments } = await shop();
    mesh.faults.pause('payment-service');
    const gone = new AbortController();
    const given = orders.services.paymentService.getPayment({ id: 1 }, { signal: gone.signal }).catch(() => {});
    await mesh.clock.advance(1);
    gone.abort();
    await given;
    mesh.faults.heal();
    await mesh.clock.advance(1);
    expect(payments.requests).toEqual([]);
    mesh.faults.pause('payment-service');
    const lost = look();
    await mesh.clock.advance(1);
    await mesh.faults.restart('payment-service');
    mesh.faults.heal();
    expect((await lost).code).toMatch(/MESH_CONNECTION_LOST|MESH_SERVICE_UNAVAILABLE/);
    expect(await look()).toMatchObject({ value: { id: '7' } });
    expect(payments.requests).toHaveLength(1);
  });

  it('crash: what is under way is lost, the others have noticed, and a restart comes back with nothing in memory', async () => {
    const { mesh, micro, orders, pay } = await shop();
    const seen: string[] = [];
    micro.on('down', (service) => seen.push(`down ${service}`));
    micro.on('up', (service) => seen.push(`up ${service}`));
    const [before] = micro.instances('payment-service');
    mesh.faults.slow('payment-service', 1_000);
    const underWay = pay();
    await mesh.clock.advance(10);
    mesh.faults.crash('payment-service');
    mesh.faults.heal();
    expect(await underWay).toMatchObject({ code: 'MESH_CONNECTION_LOST' });
    expect(await pay()).toMatchObject({ code: 'MESH_SERVICE_UNAVAILABLE' });
    expect(seen).toEqual(['down payment-service']);
    await mesh.faults.restart('payment-service');
    expect(await pay()).toMatchObject({ value: { id: 'p-1' } });
    expect(micro.instances('payment-service').map(({ id }) => id)).not.toContain(before?.id);
    expect(seen).toEqual(['down payment-service', 'up payment-service']);

    const key = { method: 'POST', headers: { ...JSON_TYPE, 'idempotency-key': 'k' }, body: '{"amount":1}' };
    await orders.fetch('/orders', key);
    expect((await orders.fetch('/orders', key)).headers.get('idempotency-replayed')).toBe('true');
    await mesh.faults.restart(orders);
    expect((await orders.fetch('/orders', key)).headers.get('idempotency-replayed')).toBeNull();
  });
});
