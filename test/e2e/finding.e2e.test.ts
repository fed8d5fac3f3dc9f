import { describe, expect, it } from 'vitest';
import { freePort, type Line, newKey, until } from './processes.test-support.ts';
import { note, request, type Service, startService } from './services.test-support.ts';

/** How long after a start, a move or a return everybody may need to know of it, at a `pingInterval` of one second. */
const FOUND_WITHIN_MS = 5_000;

const isUp = (service: string, url?: string) => (line: Line) =>
  line.event === 'up' && line.service === service && (url === undefined || line.url === url);

describe('E3: a chain, in which a knows b and b knows c', () => {
  it('a calls c, and recovers when c is killed and comes back elsewhere with other routes; b is not needed for it', async () => {
    const key = newKey();
    const c = await startService('c', [], { key, role: 'orders', kind: 'CommonJS' });
    const b = await startService('b', [c.url], { key, kind: 'CommonJS', express: 4 });
    const a = await startService('a', [b.url], { key });
    const found = await a.line('a hears of c', isUp('c'));
    expect(await a.call('c', 'getOrders', { userId: 7 })).toMatchObject({ value: [{ id: 1, userId: 7 }] });
    expect(await a.names('c')).toContain('getOrders');

    const killedMs = c.kill('SIGKILL');
    const gone = await a.line('a sees c gone', ({ event, service }) => event === 'down' && service === 'c');
    expect(await a.call('c', 'getOrders', { userId: 7 })).toMatchObject({
      failure: { code: 'MESH_SERVICE_UNAVAILABLE', message: expect.stringMatching(/^Service Unavailable: c\b/) },
    });

    const moved = await startService('c', [b.url], { key, role: 'parcels', express: 4 });
    expect(moved.port).not.toBe(c.port);
    const back = await a.line('a finds c at its new address', isUp('c', moved.url));
    expect(await a.call('c', 'getParcel', { id: 'p1' })).toMatchObject({ value: { parcel: 'p1' } });
    expect(await a.names('c')).toEqual(['getParcel', 'getParcels']);
    expect(await a.call('c', 'getOrders', { userId: 7 })).toMatchObject({
      failure: { code: 'MESH_FUNCTION_NOT_FOUND', message: expect.stringMatching(/^Route Not Found: getOrders on c\b/) },
    });

    const endedMs = b.kill('SIGKILL');
    const alone = await a.line('a sees b gone', ({ event, service }) => event === 'down' && service === 'b');
    expect(await a.call('c', 'getParcel', { id: 'p2' })).toMatchObject({ value: { parcel: 'p2' } });
    expect(await moved.call('a', 'getWhoami')).toMatchObject({ value: { pid: a.pid } });
    expect([a.hasEnded(), moved.hasEnded()]).toEqual([false, false]);
    note('chain a→b→c', {
      'ms until a knew c': found.atMs - a.readyMs,
      'ms from kill -9 of c to down at a': gone.atMs - killedMs,
      'ms from the new c listening to up at a': back.atMs - moved.readyMs,
      'ms a needed to see b gone': alone.atMs - endedMs,
    });
    expect(gone.atMs - killedMs).toBeLessThan(1_000);
    expect(back.atMs - moved.readyMs).toBeLessThan(FOUND_WITHIN_MS);
  });
});

describe('E3: late, restarted and moved peers are found again without a restart', () => {
  it('a peer that starts long after the others gave up hurrying is found, though it knows nobody', async () => {
    const key = newKey();
    const port = await freePort();
    const [a, b] = await Promise.all([
      startService('a', [`http://127.0.0.1:${port}`], { key }),
      startService('b', [`http://127.0.0.1:${port}`], { key }),
    ]);
    // With a pause of 0.2 s that doubles, the retries have reached their longest, 2 s, by then.
    await until(
      'five seconds have passed',
      () => Date.now() - Math.max(a.readyMs, b.readyMs),
      (passedMs) => passedMs > 5_000,
    );
    const late = await startService('late', [], { key, port, express: 4 });
    const [seen, seenByB, each] = await Promise.all([
      a.line('a finds the late one', isUp('late')),
      b.line('b finds the late one', isUp('late')),
      a.line('a finds b through it', isUp('b')),
      b.line('b finds a through it', isUp('a')),
    ]);
    note('a late peer', {
      'ms to a': seen.atMs - late.readyMs,
      'ms to b': seenByB.atMs - late.readyMs,
      'ms until a knew b through it': each.atMs - late.readyMs,
    });
    // A seed is retried at most every 2 × pingInterval while nobody is known.
    expect(Math.max(seen.atMs, seenByB.atMs) - late.readyMs).toBeLessThan(2_000 + 1_000);
    expect(each.atMs - late.readyMs).toBeLessThan(FOUND_WITHIN_MS + 1_000);
    expect(await b.call('a', 'getWhoami')).toMatchObject({ value: { pid: a.pid } });
  });

  it('a peer that moved to another port is called there, and nobody is left at the old one', async () => {
    const key = newKey();
    const before = await startService('mover', [], { key });
    const a = await startService('a', [before.url], { key });
    await a.line('a knows the mover', isUp('mover'));
    before.kill('SIGKILL');
    const after = await startService('mover', [a.url], { key });
    const up = await until(
      'a calls the mover at its new address',
      () => a.call<{ pid: number }>('mover', 'getWhoami'),
      ({ value }) => value?.pid === after.pid,
      FOUND_WITHIN_MS,
    );
    note('a moved peer', { 'ms from listening to the first call': up.endedMs - after.readyMs });
    expect(await statusByUrl(a, 'mover')).toMatchObject({ [after.url]: 'UP', [before.url]: 'DOWN' });
  });

  it('a peer that is restarted at its address, with other routes, has these routes; the one before is forgotten', async () => {
    const key = newKey();
    const port = await freePort();
    const before = await startService('restarted', [], { key, port, role: 'orders' });
    const a = await startService('a', [before.url], { key });
    await a.line('a knows it', isUp('restarted'));
    before.kill('SIGKILL');
    await before.exit();
    const after = await startService('restarted', [], { key, port, role: 'parcels' });
    await until(
      'a calls the new route',
      () => a.call('restarted', 'getParcel', { id: 'p' }),
      ({ value }) => value !== undefined,
      FOUND_WITHIN_MS,
    );
    note('a restarted peer', { 'ms from listening to the first call': Date.now() - after.readyMs });
    expect(await a.names('restarted')).toEqual(['getParcel', 'getParcels']);
    expect(await a.instances('restarted')).toEqual([expect.objectContaining({ url: after.url, status: 'UP' })]);
  });
});

describe('E3: a service in front whose upstream is not there at its start', () => {
  it('answers 503 until the upstream is up, then serves, with no restart; and survives its death in the same way', async () => {
    const key = newKey();
    const port = await freePort();
    const front = await startService('front', [`http://127.0.0.1:${port}`], { key, role: 'front' });
    const through = () => request(`${front.url}/through`);
    const first = await through();
    expect([first.status, JSON.parse(first.body)]).toEqual([
      503,
      { error: 'Service Unavailable', code: 'MESH_SERVICE_UNAVAILABLE', requestId: expect.any(String) },
    ]);
    expect(await front.call('upstream', 'getWhoami')).toMatchObject({
      failure: { message: expect.stringMatching(/^Service Unavailable: upstream\b/) },
    });

    const upstream = await startService('upstream', [], { key, port });
    const served = await until('the front serves', through, ({ status }) => status === 200, FOUND_WITHIN_MS);
    expect(JSON.parse(served.body)).toEqual({ pid: upstream.pid });
    note('a front before its upstream', { 'ms from the upstream listening to 200': Date.now() - upstream.readyMs });

    upstream.kill('SIGKILL');
    expect((await through()).status).toBe(503);
    const again = await startService('upstream', [], { key, port });
    const restored = await until('the front serves again', through, ({ status }) => status === 200, FOUND_WITHIN_MS);
    expect(JSON.parse(restored.body)).toEqual({ pid: again.pid });
    expect(front.hasEnded()).toBe(false);
  });

  it('a failed call that no handler of Express 5 catches is a response, never the end of the process', async () => {
    const key = newKey();
    const front = await startService('front', [], { key, role: 'front' });
    const upstream = await startService('upstream', [front.url], { key });
    const statuses = async () => {
      const answers = await Promise.all(['/through', '/later', '/own'].map((path) => request(`${front.url}${path}`)));
      return answers.map(({ status }) => status);
    };
    await front.line('the front knows the upstream', isUp('upstream'));
    // '/later' calls a function that nobody offers: a mistake of the front, and no answer for its client.
    expect(await statuses()).toEqual([200, 500, 500]);
    // In the middle of many requests.
    const answers = Promise.all(Array.from({ length: 200 }, () => request(`${front.url}/through`)));
    upstream.kill('SIGKILL');
    expect(new Set([200, 503, ...(await answers).map(({ status }) => status)])).toEqual(new Set([200, 503]));
    await front.line('the front sees the upstream gone', ({ event }) => event === 'down');
    expect(await statuses()).toEqual([503, 503, 500]);
    expect(front.hasEnded()).toBe(false);
    expect(front.stderr()).not.toMatch(/unhandled/i);
  });
});

async function statusByUrl(service: Service, name: string): Promise<Record<string, string>> {
  return Object.fromEntries((await service.instances(name)).map(({ url, status }) => [url, status]));
}
