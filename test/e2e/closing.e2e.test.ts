import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, newKey, until } from './processes.test-support.ts';
import { note, request, type Service, startService } from './services.test-support.ts';

/** E, settled: `close()` ends within this time, and the process with it. */
const CLOSED_WITHIN_MS = 5_000;

/** What would keep a process alive after `close()`. */
const KEEPERS = ['Timeout', 'Immediate', 'TCPSocketWrap', 'TCPServerWrap', 'TCPConnectWrap', 'FSReqCallback'];

/** SIGUSR2 makes the fixture call `close()` and nothing else; `process.exit` is nowhere in it. */
async function closeAndEnd(service: Service): Promise<number> {
  const askedMs = service.kill('SIGUSR2');
  const closed = await service.line('close() is done', ({ event }) => event === 'closed', { withinMs: CLOSED_WITHIN_MS + 500 });
  const end = await service.exit(CLOSED_WITHIN_MS);
  expect([end.code, end.signal]).toEqual([0, null]);
  expect(end.atMs - askedMs).toBeLessThan(CLOSED_WITHIN_MS);
  expect((closed.resources as string[]).filter((resource) => KEEPERS.includes(resource))).toEqual([]);
  expect(service.stderr()).not.toMatch(/error|warning/i);
  return end.atMs - askedMs;
}

/** An agent that holds its connections open until the test is over. */
function keepAliveAgent(): http.Agent {
  const agent = new http.Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  return agent;
}

describe.each([
  ['Express 5, ES module', { express: 5, kind: 'ES module' }],
  ['Express 4, CommonJS', { express: 4, kind: 'CommonJS' }],
] as const)('E18: after close() the process ends by itself with code 0, on %s', (_name, kinds) => {
  it('when it never found anybody', async () => {
    const service = await startService('lonely', [`http://127.0.0.1:${await freePort()}`], { ...kinds, key: newKey() });
    note('close() of one that knew nobody', { 'ms to the end': await closeAndEnd(service) });
  });

  it('when it knows others, has called and was called, and clients hold connections open', async () => {
    const key = newKey();
    const other = await startService('other', [], { key });
    const service = await startService('service', [other.url], { ...kinds, key });
    await service.ready();
    await other.ready({ services: ['service'] });
    for (const each of [await service.call('other', 'getWhoami'), await other.call('service', 'getWhoami')]) {
      expect(each.failure).toBeUndefined();
    }
    const agent = keepAliveAgent();
    const answers = Array.from({ length: 5 }, () => request(`${service.url}/whoami`, { agent }));
    for (const { headers } of await Promise.all(answers)) expect(headers.connection).toBe('keep-alive');
    const askedMs = Date.now();
    const took = await closeAndEnd(service);
    const gone = await other.line('the other sees it gone', ({ event }) => event === 'down');
    note('close() of one that knew another', { 'ms to the end': took, 'ms until the other knew': gone.atMs - askedMs });
    expect(gone.atMs - askedMs).toBeLessThan(500);
    // A second for the others, and none for connections on which nothing happens.
    expect(took).toBeLessThan(2_500);
    expect(await other.instances()).toEqual([]);
  });

  it('in the middle of a slow request, which is answered', async () => {
    const key = newKey();
    const other = await startService('other', [], { key });
    const service = await startService('service', [other.url], { ...kinds, key });
    await service.ready();
    await other.ready({ services: ['service'] });
    const slow = request(`${service.url}/whoami?delayMs=1700`);
    const slowCall = other.call('service', 'getWhoami', { delayMs: 1_700 });
    await service.line('the slow requests are there', ({ event }) => event === 'began-2');
    const took = await closeAndEnd(service);
    expect(await slow).toMatchObject({ status: 200, body: JSON.stringify({ pid: service.pid }) });
    expect(await slowCall).toMatchObject({ value: { pid: service.pid } });
    note('close() in the middle of a request of 1.7 s', { 'ms to the end': took });
  });

  it('within five seconds, in the middle of a request that is never answered and of a call that never ends', async () => {
    const key = newKey();
    const other = await startService('other', [], { key });
    const service = await startService('service', [other.url], { ...kinds, key });
    await service.ready();
    const never = request(`${service.url}/never`).catch((error: NodeJS.ErrnoException) => error.code);
    const call = service.call('other', 'getNever', {}, { timeoutMs: 60_000 }).catch((error: NodeJS.ErrnoException) => error.code);
    await service.line('the request is there', ({ event }) => event === 'began-1');
    await other.line('the call is there', ({ event }) => event === 'began-1');
    note('close() in the middle of a request without end', { 'ms to the end': await closeAndEnd(service) });
    expect(await never).toBe('ECONNRESET');
    // The order to make that call was a request too: it is answered with the failure, or cut.
    expect(['MESH_CLOSED', 'MESH_CONNECTION_LOST', 'ECONNRESET']).toContain(codeOf(await call));
  });
});

describe('E18: closeOnSigterm', () => {
  it('peers see it gone within 500 ms of SIGTERM, long before the process ends, which it does with code 0', async () => {
    const key = newKey();
    // So rarely do they look after each other that only being told is fast enough.
    const options = { pingInterval: 60_000, closeOnSigterm: true };
    const leaving = await startService('leaving', [], { key, options });
    const peers = await Promise.all([1, 2].map((n) => startService(`peer-${n}`, [leaving.url], { key, options })));
    await Promise.all(peers.map((peer) => peer.line('it knows both others', ({ known }) => known === 2)));
    // They found each other on their beats, of 2.4 s and nearly at once; now none of these is near.
    const metMs = Date.now();
    await until(
      'the beat is over',
      () => Date.now() - metMs,
      (passedMs) => passedMs > 700,
    );
    const toldMs = leaving.kill('SIGTERM');
    const gone = await Promise.all(
      peers.map((peer) => peer.line('it is gone', ({ event, service }) => event === 'down' && service === 'leaving')),
    );
    const end = await leaving.exit(CLOSED_WITHIN_MS);
    const slowestMs = Math.max(...gone.map(({ atMs }) => atMs)) - toldMs;
    note('SIGTERM', { 'ms until both peers knew': slowestMs, 'ms to the end': end.atMs - toldMs });
    expect(slowestMs).toBeLessThan(500);
    expect([end.code, end.signal]).toEqual([0, null]);
    expect(await peers[0]?.instances('leaving')).toEqual([]);
  });

  it('one of two instances gets SIGTERM under 200 calls a second: none fails', async () => {
    const key = newKey();
    const options = { pingInterval: undefined, closeOnSigterm: true }; // absent: the default
    const first = await startService('order-service', [], { key, options });
    const second = await startService('order-service', [first.url], { key, options, express: 4, kind: 'CommonJS' });
    const caller = await startService('caller', [first.url], { key, options });
    await until(
      'the caller knows both',
      () => caller.instances('order-service'),
      (all) => all.filter(({ status }) => status === 'UP').length === 2,
    );
    const load = caller.load({
      service: 'orderService',
      name: 'getWhoami',
      args: { query: { delayMs: 30 } },
      ratePerSecond: 200,
      durationMs: 4_000,
      tellEvery: 200,
    });
    await caller.line('the load is on', ({ event }) => event === 'load');
    const toldMs = first.kill('SIGTERM');
    const calls = await load;
    const end = await first.exit(CLOSED_WITHIN_MS);
    const failed = calls.filter(({ code }) => code !== undefined);
    note('SIGTERM of one of two under 200 calls a second', {
      calls: calls.length,
      failed: failed.length,
      'answered by the one that left': calls.filter(({ pid }) => pid === first.pid).length,
      'ms to its end': end.atMs - toldMs,
    });
    expect(failed).toEqual([]);
    expect([end.code, end.signal]).toEqual([0, null]);
    expect(calls.length).toBeGreaterThan(750);
    expect(calls.some(({ pid }) => pid === first.pid)).toBe(true);
    expect(calls.filter(({ startedMs, pid }) => startedMs > toldMs && pid === second.pid).length).toBeGreaterThan(200);
  });
});

function codeOf(outcome: string | undefined | { readonly failure?: { readonly code?: string } }): string | undefined {
  return typeof outcome === 'object' ? outcome.failure?.code : outcome;
}
