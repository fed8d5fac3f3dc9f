import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newKey } from './processes.test-support.ts';
import { note, request, type Service, startService } from './services.test-support.ts';

/** A load balancer that looks this often, and stops sending when it is told that the app is not ready. */
const LOOKS_EVERY_MS = 800;

interface Traffic {
  readonly answered: number;
  readonly failed: readonly string[];
  /** Answers that came after the signal. */
  readonly afterSignal: number;
}

/** Sends requests over kept-alive connections, one after another from each worker, until `/ready` says no. */
async function balance(service: Service, workers: number, wasTold: () => boolean): Promise<Traffic> {
  const agent = new http.Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  let isReady = true;
  const failed: string[] = [];
  let answered = 0;
  let afterSignal = 0;
  const look = setInterval(() => {
    request(`${service.url}/ready`).then(
      ({ status }) => {
        if (status !== 200) isReady = false;
      },
      () => {
        isReady = false;
      },
    );
  }, LOOKS_EVERY_MS);
  const work = async () => {
    while (isReady) {
      const outcome = await request(`${service.url}/whoami?delayMs=5`, { agent }).catch((error: NodeJS.ErrnoException) => error);
      if ('status' in outcome && outcome.status === 200) {
        answered += 1;
        if (wasTold()) afterSignal += 1;
      } else failed.push('status' in outcome ? String(outcome.status) : (outcome.code ?? outcome.message));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  clearInterval(look);
  return { answered, failed, afterSignal };
}

describe.each([
  ['Express 5, ES module', { express: 5, kind: 'ES module' }],
  ['Express 4, CommonJS', { express: 4, kind: 'CommonJS' }],
] as const)('SIGTERM on %s', (_name, kinds) => {
  it('with 50 requests under way and constant traffic over kept-alive connections: not one is lost', async () => {
    const service = await startService('leaving', [], { ...kinds, key: newKey(), options: { closeOnSigterm: true } });
    let isTold = false;
    const traffic = balance(service, 20, () => isTold);
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    // Longer than the second for which it serves on.
    const slow = Array.from({ length: 50 }, () => request(`${service.url}/whoami?delayMs=2000`, { agent }));
    await service.line('requests are under way', ({ event }) => event === 'began-2');
    const toldMs = service.kill('SIGTERM');
    isTold = true;
    const { answered, failed, afterSignal } = await traffic;
    const answers = await Promise.all(slow);
    const end = await service.exit(5_000);
    note('SIGTERM under traffic without a mesh', {
      answered,
      afterSignal,
      failed: failed.length,
      'ms to the end': end.atMs - toldMs,
    });
    expect(failed).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.every(({ headers }) => headers.connection === 'close')).toBe(true);
    expect([end.code, end.signal]).toEqual([0, null]);
    expect(afterSignal).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(50);
    expect(end.atMs - toldMs).toBeGreaterThan(1_000);
  });
});

it('serves on for as long as `drain` says, and cuts what does not end within it', async () => {
  const options = { closeOnSigterm: true, drain: { serveOnMs: 2_000, inFlightMs: 500, limitMs: 10_000 } };
  const service = await startService('leaving', [], { key: newKey(), options });
  const never = request(`${service.url}/never`).catch((error: NodeJS.ErrnoException) => error.code);
  await service.line('the request is there', ({ event }) => event === 'began-1');
  const toldMs = service.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await request(`${service.url}/whoami`)).status).toBe(200);
  expect(await never).toBe('ECONNRESET');
  const end = await service.exit(5_000);
  expect([end.code, end.signal]).toEqual([0, null]);
  expect(end.atMs - toldMs).toBeGreaterThan(2_400);
  expect(end.atMs - toldMs).toBeLessThan(3_500);
});

it('under Kubernetes it serves on for ten seconds', async () => {
  const service = await startService('leaving', [], {
    key: newKey(),
    options: { closeOnSigterm: true },
    env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
  });
  const toldMs = service.kill('SIGTERM');
  const end = await service.exit(15_000);
  expect(end.atMs - toldMs).toBeGreaterThan(9_900);
  expect(end.atMs - toldMs).toBeLessThan(11_500);
});
