import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, newKey, testFolder, until } from './processes.test-support.ts';
import { launchService, note, PING_INTERVAL_MS, request, type Service, startService } from './services.test-support.ts';

const FLEET = 20;

/** Status of the operator's look with this bearer. */
const lookStatus = async (service: Service, bearer: string) =>
  (await request(`${service.url}/_discovery/services`, { headers: { authorization: `Bearer ${bearer}` } })).status;

describe('E12: no secret is given', () => {
  it('20 processes starting at once make one, and all see each other through one seed peer', async () => {
    const loadBefore = loadOfCores();
    const seed = await freePort();
    const peers = [`http://127.0.0.1:${seed}`];
    const gate = path.join(testFolder(), 'gate');
    const programs = Array.from({ length: FLEET }, (_, index) =>
      launchService(`service-${index}`, peers, {
        ...(index === 0 ? { port: seed } : {}),
        env: { FIXTURE_GATE: gate },
        kind: index % 2 ? 'CommonJS' : 'ES module',
        options: { pingInterval: undefined }, // absent: the default
      }),
    );
    await Promise.all(programs.map((one) => one.line('it is loaded', ({ event }) => event === 'loaded', { withinMs: 40_000 })));
    writeFileSync(gate, '');
    const beganMs = Date.now();
    const ready = await Promise.all(
      programs.map((one) => one.line('it listens', ({ event }) => event === 'ready', { withinMs: 40_000 })),
    );
    const lastReadyMs = Math.max(...ready.map(({ atMs }) => atMs));
    const whole = await Promise.all(
      programs.map((one) => one.line('it sees all others', ({ known }) => known === FLEET - 1, { withinMs: 40_000 })),
    );
    const wholeMs = Math.max(...whole.map(({ atMs }) => atMs));
    const crowding = Math.max(1, loadBefore, loadOfCores());
    note(`${FLEET} processes at once`, {
      'ms until the last listens': lastReadyMs - beganMs,
      'ms from there until all see all': wholeMs - lastReadyMs,
      'load of each core': crowding.toFixed(1),
    });
    expect(wholeMs - lastReadyMs).toBeLessThan(5_000 * crowding);

    const folder = path.join(testFolder(), `express-micro-${process.getuid?.()}`);
    const file = path.join(folder, 'discovery.key');
    expect(readdirSync(folder)).toEqual(['discovery.key']);
    expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    const secret = readFileSync(file, 'utf8').trim();
    expect(secret.length).toBeGreaterThanOrEqual(32);
    for (const one of programs) {
      expect(one.output()).toContain(file);
      expect(one.output()).not.toContain(secret);
    }
    const services = ready.map(({ url }) => url as string);
    const looks = await Promise.all(
      services.map((url) => request(`${url}/_discovery/services`, { headers: { authorization: `Bearer ${secret}` } })),
    );
    expect(looks.map(({ status }) => status)).toEqual(Array.from({ length: FLEET }, () => 200));
    expect(Object.keys(JSON.parse(looks[7]?.body ?? '').connectedPeers)).toHaveLength(FLEET - 1);
  });
});

describe('E12: EXPRESS_DISCOVERY_KEY_FILE', () => {
  it('names the key; services on two files with the same key know each other, those without the file do not start', async () => {
    const key = newKey();
    const [one, two] = [keyFile('one', `${key}\n`), keyFile('two', `default:${key}`)];
    const a = await startService('a', [], { env: { EXPRESS_DISCOVERY_KEY_FILE: one } });
    const b = await startService('b', [a.url], { env: { EXPRESS_DISCOVERY_KEY_FILE: two } });
    expect(await b.ready()).toMatchObject({ value: 'ready' });
    expect([await lookStatus(a, key), await lookStatus(a, newKey())]).toEqual([200, 401]);
    expect([a.output(), b.output()].join()).not.toContain(key);

    const missing = launchService('c', [a.url], { env: { EXPRESS_DISCOVERY_KEY_FILE: path.join(testFolder(), 'none') } });
    expect((await missing.exit()).code).toBe(1);
    expect(missing.stderr()).toMatch(/MESH_KEY_FILE_REFUSED/);
    expect(missing.stderr()).toMatch(/none does not exist/);
  });
});

describe.each([
  ['with caller tokens', false],
  ['with signatures', true],
])('E15: the key file is changed under load, %s', (_how, enableHmac) => {
  it('twice, in place and by rename: no call of 100 a second fails, and the new key is taken without a restart', async () => {
    const keys = [newKey(), newKey(), newKey()] as const;
    const file = keyFile('rotated', keys[0]);
    const given = { env: { EXPRESS_DISCOVERY_KEY_FILE: file }, options: { enableHmac } };
    const ledger = await startService('ledger', [], { ...given, role: 'ledger' });
    const caller = await startService('caller', [ledger.url], given);
    expect(await caller.ready()).toMatchObject({ value: 'ready' });

    const load = caller.load({ service: 'ledger', name: 'getSecrets', ratePerSecond: 100, durationMs: 6_500 });
    const taken = (key: string) =>
      until(
        'the new key is taken by both',
        async () => [await lookStatus(ledger, key), await lookStatus(caller, key)],
        (all) => all.every((status) => status === 200),
        3_000,
      );
    writeFileSync(file, `${keys[1]}\n`);
    const firstMs = Date.now();
    await taken(keys[1]);
    const takenMs = Date.now() - firstMs;
    writeFileSync(`${file}.new`, keys[2], { mode: 0o600 });
    renameSync(`${file}.new`, file);
    await taken(keys[2]);

    const calls = await load;
    const failed = calls.filter(({ code }) => code !== undefined);
    note(`rotation ${enableHmac ? 'with signatures' : 'with tokens'}`, {
      calls: calls.length,
      failed: failed.length,
      'ms until the first new key was taken': takenMs,
    });
    expect(failed).toEqual([]);
    expect(calls.length).toBeGreaterThan(500);
    expect([ledger.output(), caller.output()].join()).not.toMatch(new RegExp(keys.join('|')));
  });
});

describe.each([
  ['a list, the new key first and the one before second', (fresh: string, before: string) => `new:${fresh},default:${before}`],
  ['the new key alone', (fresh: string) => fresh],
])('E15: a process that starts right after the key in the file was changed to %s', (_content, contentOf) => {
  it('calls those that were there before, and is called by them, like any other', async () => {
    const [before, fresh] = [newKey(), newKey()];
    const file = keyFile('replaced', before);
    const given = { env: { EXPRESS_DISCOVERY_KEY_FILE: file } };
    const ledger = await startService('ledger', [], { ...given, role: 'ledger' });
    writeFileSync(file, contentOf(fresh, before));
    await until(
      'the new key is taken',
      () => lookStatus(ledger, fresh),
      (status) => status === 200,
      3_000,
    );

    // The one that was there knows both keys, and signs with the one before for half a minute more.
    const newcomer = await startService('newcomer', [ledger.url], given);
    expect(await newcomer.ready()).toMatchObject({ value: 'ready' });
    expect(await newcomer.call('ledger', 'getSecrets')).toMatchObject({ value: { caller: { service: 'newcomer' } } });
    await until(
      'it is called',
      () => ledger.call('newcomer', 'getWhoami'),
      ({ value }) => value !== undefined,
      5_000,
    );
  });
});

describe('E12: another key', () => {
  it('is never UP on either side, is never called, and ready() says that the key may be the reason', async () => {
    const a = await startService('a', [], { key: newKey() });
    const b = await startService('b', [a.url], { key: newKey() });
    const outcome = await b.ready({ timeoutMs: 4 * PING_INTERVAL_MS });
    expect(outcome.failure).toMatchObject({ code: 'MESH_NOT_READY', message: expect.stringContaining(a.url) });
    expect(outcome.failure?.message).toMatch(/another key/);
    expect(await b.call('a', 'getWhoami')).toMatchObject({ failure: { code: 'MESH_SERVICE_UNAVAILABLE' } });
    expect([await a.instances(), await b.instances()]).toEqual([[], []]);
    for (const one of [a, b]) expect(one.lines.filter(({ event }) => event === 'up' || event === 'change')).toEqual([]);
  });
});

/** Twenty processes meeting cost a machine of two cores two whole seconds; with whom they share it counts. */
function loadOfCores(): number {
  return (loadavg()[0] ?? 0) / availableParallelism();
}

function keyFile(name: string, content: string): string {
  const folder = path.join(testFolder(), 'keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(folder, name), content, { mode: 0o600 });
  return path.join(folder, name);
}
