import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bearer, rawRequest, type Service, startService, stopAll, until } from './fleet.test-support.ts';

afterEach(stopAll);

const post = async ({ url }: Service, path: string, body: object) => {
  const answer = await rawRequest(`${url}/_discovery/${path}`, {
    method: 'POST',
    headers: { ...bearer(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return JSON.parse(answer.body) as Record<string, unknown> & { members?: { id: string }[]; from: { id: string } };
};

const idOf = async (service: Service) => (await post(service, 'register', {})).from.id;

async function pair() {
  const a = await startService('a');
  const b = await startService('b', () => {}, { peers: [a.url] });
  await b.micro.ready();
  await a.micro.ready({ services: ['b'] });
  return { a, b, ids: { a: await idOf(a), b: await idOf(b) } };
}

/** Takes connections and says nothing. */
async function startSilent() {
  const server = http.createServer((req) => void req.resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const end = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, end };
}

const member = (id: string, url: string, more: object = {}) => ({
  id,
  service: 'c',
  url,
  incarnation: 1,
  status: 'ALIVE',
  routesHash: 'h',
  ...more,
});
const STRANGER = 'c'.repeat(32);

describe('a member that is asked to probe another', () => {
  it('says what it found: an answer, a refusal, or that it does not know whom', async () => {
    const { a, ids } = await pair();
    const silent = await startSilent();
    silent.end();
    await post(a, 'ping', { from: member(STRANGER, silent.url) });
    const probe = async (id: string) => (await post(a, 'ping', { probe: id, withinMs: 5_000 })).probed;
    expect([await probe(ids.b), await probe(STRANGER), await probe('d'.repeat(32))]).toEqual(['answered', 'refused', 'unknown']);
  });

  it('says that it has no answer before the time of the asker is over, by addresses that it knows itself', async () => {
    // Its own patience with the third is 16 s.
    const a = await startService('a', () => {}, { pingInterval: 20_000 });
    const silent = await startSilent();
    await post(a, 'ping', { from: member(STRANGER, silent.url) });
    const startedMs = performance.now();
    const { probed } = await post(a, 'ping', { probe: STRANGER, withinMs: 500 });
    const tookMs = performance.now() - startedMs;
    silent.end();
    expect(probed).toBe('silent');
    // At 80 % of the asker's time.
    expect(tookMs).toBeGreaterThan(390);
    expect(tookMs).toBeLessThan(10_000);
  });
});

describe('a comparison of tables', () => {
  it('gives the records that the asker lacks, and asks for those that are newer there', async () => {
    const { a, ids } = await pair();
    const all = await post(a, 'register', { known: [] });
    expect(all.members).toEqual([expect.objectContaining({ id: ids.b, service: 'b', status: 'ALIVE' })]);
    const [b] = all.members as unknown as { incarnation: number }[];
    const equal = await post(a, 'register', { known: [`${ids.b}A${b?.incarnation}`] });
    expect([equal.members, equal.wants]).toEqual([[], undefined]);
    const newer = await post(a, 'register', { known: [`${ids.b}A${(b?.incarnation ?? 0) + 5}`, `${STRANGER}A1`] });
    expect([newer.members, newer.wants]).toEqual([[], [ids.b, STRANGER]]);
  });

  it('that claims somebody dead leads to a doubt, which the member refutes', async () => {
    const { a, b, ids } = await pair();
    const changes: string[] = [];
    a.micro.on('change', ({ status }) => changes.push(status));
    const seen = async () =>
      (await post(a, 'register', { known: [] })).members as unknown as { incarnation: number; status: string }[];
    const [before] = await seen();
    await post(a, 'register', { from: member(STRANGER, 'http://127.0.0.1:9'), known: [`${ids.b}D${before?.incarnation}`] });
    await until('the refutation', seen, (members) =>
      members.some((one) => one.incarnation === (before?.incarnation ?? 0) + 1 && one.status === 'ALIVE'),
    );
    expect(changes).not.toContain('DOWN');
    expect(a.micro.instances('b')[0]?.status).toBe('UP');
    expect(b.micro.instances('a')[0]?.status).toBe('UP');
  });
});

describe('members that fall silent at once', () => {
  it('are told of in one warning, and nobody else is touched by it', async () => {
    const silent = await startSilent();
    const { a } = await pair();
    const url = new URL(silent.url);
    // Hearsay about four addresses that take connections and never answer.
    const lost = ['1', '2', '3', '4'].map((digit) => member(digit.repeat(32), url.origin, { service: 'lost' }));
    await post(a, 'ping', { from: member(STRANGER, silent.url, { service: 'lost' }), members: lost });
    await until(
      'the warning',
      () => a.warnings,
      (warnings) => warnings.some((text) => /\d of \d members fell silent at once/.test(text)),
    );
    silent.end();
    expect(a.warnings.filter((text) => text.includes('fell silent at once'))).toHaveLength(1);
    expect(a.micro.instances('b')[0]?.status).toBe('UP');
  });
});
