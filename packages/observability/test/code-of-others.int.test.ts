import express from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ObservabilityOptions } from '../src/index.ts';
import { observability } from '../src/index.ts';
import { createLines, later, listen } from './apps.test-support.ts';

function boom(): never {
  throw new Error('boom');
}

const said: string[] = [];
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation((line: unknown) => void said.push(String(line)));
});
afterEach(() => {
  vi.restoreAllMocks();
  said.length = 0;
});

/** An app that is asked once, by whoever is asked about everything. Without a guard each of these ends the process, and the test run. */
async function ask(options: ObservabilityOptions, path = '/a', init: RequestInit = {}) {
  const app = express();
  const seen = createLines();
  const logger = { console: false, stream: seen.stream, level: 'http' } as const;
  const observed = observability(app, { logger, shutdown: { signals: [] }, metrics: { access: 'everyone' }, ...options });
  later(() => observed.close());
  app.get('/a', (_req, res) => {
    observed.logger.debug('detail');
    res.send('served');
  });
  const url = await listen(app);
  const answer = await fetch(url + path, { headers: { 'x-log-level': 'debug' }, ...init });
  const text = await answer.text();
  const page = await (await fetch(`${url}/metrics`)).text();
  return { status: answer.status, text, page, ...seen };
}

describe('code of an app that throws while it is asked about a request', () => {
  const to = { write: () => {} };
  it.each<[string, ObservabilityOptions['accessLog']]>([
    ['a word of a format', { format: ':method :mine', tokens: { mine: boom }, to }],
    ['a format', { format: boom, to }],
    ['a rule of what is not logged', { format: 'tiny', skip: boom, to }],
    ['what lines are written to', { format: 'tiny', to: { write: boom } }],
  ])('%s: the request is served and measured', async (_name, accessLog) => {
    const { status, text, page } = await ask({ accessLog });
    expect([status, text]).toEqual([200, 'served']);
    expect(page).toContain('http_request_duration_seconds_count{method="GET",route="/a",status="200"} 1');
    expect(page).toContain('http_requests_in_flight 0');
  });

  it('is told on standard error, once a minute', async () => {
    vi.resetModules();
    const { createComplaints } = await import('../src/complaints.ts');
    let nowMs = 0;
    const complain = createComplaints({ monotonicMs: () => nowMs } as never);
    complain('It failed:', new Error('first\nline'));
    complain('It failed:', new Error('second'));
    nowMs = 60_000;
    complain('It failed:', new Error('third'));
    complain('It failed:', { toString: boom });
    expect(said).toEqual([
      expect.stringContaining('It failed: Error: first'),
      expect.stringContaining('It failed: Error: third'),
    ]);
    expect(said[0]).not.toContain('\n');
  });

  it('a stream of lines, or a logger of its own: the lines are lost, and that is said', async () => {
    const stream = await ask({ logger: { console: false, level: 'http', stream: { write: boom } } });
    const own = await ask({ logger: { info: boom, warn: boom, error: boom } });
    expect([stream.status, own.status]).toEqual([200, 200]);
    expect(said.filter((line) => line.includes('option "stream"'))).toHaveLength(1);
    expect(said.filter((line) => line.includes('option "logger"'))).toHaveLength(1);
  });

  it('who may raise a level, or set it: nobody may', async () => {
    const raised = await ask({ levelHeader: { allow: boom } });
    expect([raised.status, raised.lines.some(({ message }) => message === 'detail')]).toEqual([200, false]);
    const set = await ask({ levelEndpoint: { path: '/level', allow: boom } }, '/level');
    expect([set.status, set.text]).toEqual([403, '{"error":"Forbidden"}']);
    expect(set.lines.some(({ message }) => message?.includes('"allow" threw'))).toBe(true);
  });

  it('a body that is too long for the level is answered', async () => {
    const options = { levelEndpoint: { path: '/level', allow: () => true } };
    const { status } = await ask(options, '/level', { method: 'PUT', body: 'x'.repeat(200_000) });
    expect(status).toBe(400);
  });
});
