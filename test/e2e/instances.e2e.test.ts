import { describe, expect, it } from 'vitest';
import { freePort, type Line, newKey, until } from './processes.test-support.ts';
import { type LoadedCall, note, PING_INTERVAL_MS, type Service, startService } from './services.test-support.ts';

/** E, settled: in a fleet of up to ten silence is known within this time. */
const SILENCE_KNOWN_MS = 2.5 * PING_INTERVAL_MS + 1_000;

const whoami = { service: 'orderService', name: 'getWhoami' } as const;

/** Three order-services, and a caller that was told of one of them. */
async function startFleet(): Promise<{ caller: Service; orders: Service[] }> {
  const key = newKey();
  const first = await startService('order-service', [], { key, role: 'orders' });
  const [second, third, caller] = await Promise.all([
    startService('order-service', [first.url], { key, role: 'orders', kind: 'CommonJS' }),
    startService('order-service', [first.url], { key, role: 'orders', express: 4 }),
    startService('user-service', [first.url], { key }),
  ]);
  const orders = [first, second, third];
  // Everybody with everybody: what one of them sees alone is another case.
  await Promise.all(
    [...orders, caller].map((each) =>
      until(
        'all three are known',
        () => each.instances(),
        (all) => all.filter(({ status }) => status === 'UP').length === 3,
      ),
    ),
  );
  return { caller, orders };
}

const isChange = (url: string, status: string) => (line: Line) =>
  line.event === 'change' && line.url === url && line.status === status;
const failures = (calls: readonly LoadedCall[]) => calls.filter(({ code }) => code !== undefined);

describe('E4: three instances of order-service', () => {
  it('share the calls: each gets between 15 % and 55 %, one at a time and many at once', async () => {
    const { caller, orders } = await startFleet();
    const round = async () => {
      const calls = [
        ...(await caller.load({ ...whoami, count: 150, concurrency: 1 })),
        ...(await caller.load({ ...whoami, count: 150, concurrency: 20 })),
      ];
      expect(failures(calls)).toEqual([]);
      expect(calls).toHaveLength(300);
      const shares = orders.map(({ pid }) => calls.filter((call) => call.pid === pid).length / calls.length);
      note('shares of three instances', Object.fromEntries(shares.map((share, index) => [`#${index + 1}`, share.toFixed(3)])));
      return shares;
    };
    // Whoever was slow once, because the machine had other things to do, is spared until that is forgotten: after 10 s.
    await until('shares between 15 % and 55 %', round, (shares) => shares.every((share) => share > 0.15 && share < 0.55), 20_000);
  });

  it('one is killed with -9 during 500 calls: only calls in flight on it fail, and the service is never down', async () => {
    const { caller, orders } = await startFleet();
    const [, , victim] = orders as [Service, Service, Service];
    const [{ id } = { id: '' }] = (await caller.instances('order-service')).filter(({ url }) => url === victim.url);
    const load = caller.load({ ...whoami, args: { query: { delayMs: 20 } }, count: 500, concurrency: 20, tellEvery: 100 });
    await caller.line('the calls are under way', ({ event }) => event === 'load');
    const killedMs = victim.kill('SIGKILL');
    const calls = await load;
    const failed = failures(calls);
    const change = await caller.line('the instance is seen gone', isChange(victim.url, 'DOWN'));

    expect(calls).toHaveLength(500);
    expect(calls.filter(({ startedMs }) => startedMs > killedMs).length).toBeGreaterThan(100);
    expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(failed.length === 0 ? [] : ['MESH_CONNECTION_LOST']));
    expect(failed.filter(({ instance }) => instance !== id)).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(20);
    const lastFailedMs = Math.max(killedMs, ...failed.map(({ startedMs }) => startedMs));
    note('kill -9 of one of three, 500 GETs, 20 at once', {
      'failed calls': failed.length,
      'ms from the kill to the start of the last failed call': lastFailedMs - killedMs,
      'ms to DOWN': change.atMs - killedMs,
    });
    expect(failures(await caller.load({ ...whoami, count: 300, concurrency: 20 }))).toEqual([]);
    expect(caller.lines.filter(({ event }) => event === 'down')).toEqual([]);
    expect(change.service).toBe('order-service');
  });

  it('one is stopped with SIGSTOP: it is known DOWN in time, the others stay UP, and after SIGCONT it is back', async () => {
    const { caller, orders } = await startFleet();
    const [, victim] = orders as [Service, Service, Service];
    const stoppedMs = victim.kill('SIGSTOP');
    const down = await caller.line('it is seen DOWN', isChange(victim.url, 'DOWN'), { sinceMs: stoppedMs });
    const calls = await caller.load({ ...whoami, count: 200, concurrency: 20 });
    expect(failures(calls)).toEqual([]);
    expect(calls.filter(({ pid }) => pid === victim.pid)).toEqual([]);

    const continuedMs = victim.kill('SIGCONT');
    const up = await caller.line('it is seen UP again', isChange(victim.url, 'UP'), { sinceMs: continuedMs });
    note(`SIGSTOP at pingInterval ${PING_INTERVAL_MS}`, {
      'ms to DOWN': down.atMs - stoppedMs,
      'ms from SIGCONT to UP': up.atMs - continuedMs,
    });
    expect(down.atMs - stoppedMs).toBeLessThan(SILENCE_KNOWN_MS);
    expect(up.atMs - continuedMs).toBeLessThan(5_000);
    await until(
      'it is called again',
      () => caller.load({ ...whoami, count: 30, concurrency: 5 }),
      (again) => again.some(({ pid }) => pid === victim.pid),
      5_000,
    );
    const others = orders.filter((one) => one !== victim).map(({ url }) => url);
    expect(caller.lines.filter((line) => line.status === 'DOWN' && others.includes(String(line.url)))).toEqual([]);
    expect(caller.lines.filter(({ event }) => event === 'down')).toEqual([]);
  });
});

describe('E2, E4: the last instance', () => {
  it('five times killed and started again: down is known within a second at the default pingInterval, and told once each time', async () => {
    const key = newKey();
    const port = await freePort();
    const options = { pingInterval: undefined }; // absent: the default
    const start = () => startService('order-service', [], { key, port, options });
    let current = await start();
    const watcher = await startService('user-service', [current.url], { key, options });
    await watcher.line('it is up', ({ event }) => event === 'up');

    const downMs: number[] = [];
    const upMs: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const killedMs = current.kill('SIGKILL');
      const down = await watcher.line('it is down', ({ event }) => event === 'down', { sinceMs: killedMs });
      downMs.push(down.atMs - killedMs);
      await current.exit();
      current = await start();
      // A seed is asked again at most every 2 × pingInterval while nobody is known.
      const up = await watcher.line('it is up again', ({ event }) => event === 'up', { sinceMs: down.atMs, withinMs: 11_000 });
      upMs.push(up.atMs - current.readyMs);
      expect(await watcher.call('order-service', 'getWhoami')).toMatchObject({ value: { pid: current.pid } });
    }
    note('the last instance, default pingInterval', {
      'ms from kill -9 to down': downMs.join(' '),
      'ms from listening to up': upMs.join(' '),
    });
    const told = watcher.lines.filter(({ event }) => event === 'up' || event === 'down').map(({ event }) => event);
    expect(told).toEqual(['up', ...Array.from({ length: 5 }, () => ['down', 'up']).flat()]);
    expect(Math.max(...downMs)).toBeLessThan(1_000);
  });
});
