import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { withSpan } from '../src/index.ts';
import { ask, startApp, stopAll } from './operated-apps.test-support.ts';
import { startSdk } from './tracing.test-support.ts';

startSdk();
afterEach(stopAll);

const INVALID = { code: 'OBSERVABILITY_OPTION_INVALID' };

describe('what is for operators', () => {
  it('can stand at the root', async () => {
    const { url } = await startApp(() => {}, { health: { path: '/' } });
    expect((await ask(`${url}/live`)).status).toBe(200);
    expect((await ask(`${url}/ready`)).status).toBe(200);
  });

  it('is not had through a proxy that says nothing of whom it speaks for: as nginx by itself, it speaks HTTP/1.0', async () => {
    const { url } = await startApp(() => {});
    const { port } = new URL(url);
    const answerTo = (version: string) =>
      new Promise<string>((resolve) => {
        let text = '';
        const socket = net.connect(Number(port), '127.0.0.1', () =>
          socket.write(`GET /metrics HTTP/${version}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
        );
        socket.on('data', (chunk) => {
          text += String(chunk);
        });
        socket.on('close', () => resolve(text.slice(0, 12)));
      });
    expect([await answerTo('1.0'), await answerTo('1.1')]).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
  });

  it.each([
    [{ metrics: { port: 9_464, host: '0.0.0.0' }, health: { port: 9_464, host: '127.0.0.1' } }, /port 9464.*"host"/],
    [{ metrics: { path: '/health/live' } }, /\/health\/live/],
    [{ levelEndpoint: { path: '/metrics', allow: () => true } }, /\/metrics/],
  ])('is an error where two of it are in one place: %j', async (options, message) => {
    await expect(startApp(() => {}, options)).rejects.toMatchObject({ ...INVALID, message: expect.stringMatching(message) });
  });
});

it.runIf(process.platform === 'linux')('a port that two share is where one of them says, and not for everybody', async () => {
  const { ports } = await startApp(() => {}, { metrics: { port: 0 }, health: { port: 0, host: '127.0.0.1' } });
  while (ports().health === undefined) await new Promise(setImmediate);
  const live = `:${ports().health}/health/live`;
  expect((await ask(`http://127.0.0.1${live}`)).status).toBe(200);
  await expect(ask(`http://127.0.0.2${live}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

describe('what is to be closed', () => {
  it('is closed whatever the part before it throws, and that is said', async () => {
    const { shutdown, lines } = await startApp(() => {}, { shutdown: { signals: [], serveOnMs: 0 } });
    let isClosed = false;
    shutdown.register('first', () => {
      isClosed = true;
    });
    shutdown.register('odd', () => Promise.reject(Object.create(null)));
    expect(await shutdown.now()).toBe(false);
    expect(isClosed).toBe(true);
    expect(lines.filter((line) => line.startsWith('odd failed to close'))).toHaveLength(1);
  });

  it('is registered by a name, a function and options that are known', async () => {
    const { shutdown } = await startApp(() => {});
    const close = () => {};
    for (const given of [{ timeout: 5 }, { timeoutMs: 0 }, { timeoutMs: 'soon' }, 5, null])
      expect(() => shutdown.register('a', close, given as never)).toThrow(expect.objectContaining(INVALID));
    for (const [name, run] of [
      ['', close],
      [7, close],
      ['a', 7],
    ] as const)
      expect(() => shutdown.register(name as never, run as never)).toThrow(expect.objectContaining(INVALID));
    shutdown.register('a', close, { timeoutMs: undefined });
  });
});

it('a span of your own hands on what was thrown, whatever that is', async () => {
  const thrown: unknown = Object.create(null);
  const odd = Object.assign(new Error('x'), { message: Symbol('s'), code: Object.create(null) });
  for (const one of [thrown, odd, undefined]) {
    expect(
      tryIt(() =>
        withSpan('a', {}, () => {
          throw one;
        }),
      ),
    ).toBe(one);
    await expect(withSpan('a', {}, () => Promise.reject(one))).rejects.toBe(one);
  }
});

function tryIt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
