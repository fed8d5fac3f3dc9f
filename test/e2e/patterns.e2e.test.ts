import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { findBinary, startEngine, whyMissing } from '../engines/engine.ts';
import { REDIS } from '../engines/redis.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts an example; answers when it listens. */
async function start(name: string, env: Record<string, string> = {}) {
  const file = fileURLToPath(new URL(`../../examples/patterns/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${path.basename(file)} ended with ${code}`)));
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('http://')) resolve(line);
    });
  });
  const end = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { url, lines, end };
}

const json = async (url: string, init?: RequestInit) => (await fetch(url, init)).json() as Promise<unknown>;
const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then(
    ({ status }) => status,
  );

describe('the examples of middleware, limits, plugins and the container', () => {
  it('limits: five wrong passwords, any number of right ones, one account from everywhere', async () => {
    const { url } = await start('limits');
    for (let i = 0; i < 7; i++) expect(await post(`${url}/login`, { password: 'right' })).toBe(200);
    const wrong = [];
    for (let i = 0; i < 6; i++) wrong.push(await post(`${url}/login`, {}));
    expect(wrong).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await fetch(`${url}/api/products`)).headers.get('ratelimit')).toMatch(/^"api";r=99;t=\d+$/);
    expect(await post(`${url}/password`, { email: 'ada@example.com' })).toBe(401);
    for (const status of [200, 200, 429]) expect((await fetch(`${url}/search`)).status).toBe(status);
    expect(await json(`${url}/api/limit/127.0.0.1`)).toMatchObject({ used: 2, isLimited: true });
  });

  it.skipIf(findBinary(REDIS) === undefined)(
    `limits: two processes with one Redis count together (${findBinary(REDIS) ?? whyMissing(REDIS)})`,
    async () => {
      const engine = await startEngine(REDIS);
      const env = { REDIS_URL: `redis://127.0.0.1:${engine.port}` };
      const [one, other] = await Promise.all([start('limits', env), start('limits', env)]);
      // The clients connect meanwhile; until then requests pass uncounted, as was chosen.
      const counted = async (url: string) => (await fetch(`${url}/search`)).headers.has('ratelimit');
      const deadlineMs = Date.now() + 10_000;
      while (!(await counted(one.url)) && Date.now() < deadlineMs);
      while (!(await counted(other.url)) && Date.now() < deadlineMs);
      expect([(await fetch(`${one.url}/search`)).status, (await fetch(`${other.url}/search`)).status]).toEqual([429, 429]);
      await engine.close();
    },
  );

  it('middleware: a pipeline, a cache, exceptions, a chain', async () => {
    const { url, lines } = await start('middleware');
    expect((await fetch(`${url}/me`)).status).toBe(401);
    const member = { headers: { authorization: 'Bearer t-ada' } };
    expect(await (await fetch(`${url}/me`, member)).text()).toBe('Hello Ada');
    expect([await json(`${url}/products`), await json(`${url}/products`)]).toEqual(
      Array(2).fill([{ id: 1, name: 'Lamp', searches: 1 }]),
    );
    await json(`${url}/offers`);
    await expect.poll(() => lines.filter((line) => /^listOffers GET \/offers 200 in \d+ ms$/.test(line))).toHaveLength(1);
    expect((await fetch(`${url}/club/welcome`)).status).toBe(200);
    expect((await fetch(`${url}/club/orders`)).status).toBe(401);
    expect((await fetch(`${url}/club/orders`, member)).headers.get('x-terms')).toBe('accepted');
    expect(await json(`${url}/price`)).toEqual({ price: 10 });
  });

  it('plugins: in the order of what they depend on, and ended with the process', async () => {
    const { url, lines, end } = await start('plugins');
    expect(await json(`${url}/catalog/products`)).toEqual([{ id: 1, name: 'Lamp' }]);
    await json(`${url}/products`);
    await expect
      .poll(() => json(`${url}/analytics/events`))
      .toMatchObject({
        trackingId: 'shop-1',
        events: expect.arrayContaining([expect.objectContaining({ name: 'catalog seen' })]),
      });
    expect(await json(`${url}/rate-limit/status`)).toMatchObject({ limit: 300 });
    await end();
    expect(lines).toContain('closed');
  });

  it('container: a scope for a job and for each request, and everything ended', async () => {
    const { url, lines, end } = await start('container');
    expect(lines).toEqual(expect.arrayContaining(['nightly: 1', 'released']));
    expect(await json(`${url}/orders`)).toEqual([{ id: 7 }]);
    await expect.poll(() => lines.filter((line) => line === 'released')).toHaveLength(2);
    await end();
    expect(lines.at(-1)).toBe('ended');
    expect(await json(`${(await start('container', { TEST_POOL: '1' })).url}/orders`)).toEqual([]);
  });
});
