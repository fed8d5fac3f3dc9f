import { gunzipSync } from 'node:zlib';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { observability } from '../src/index.ts';
import { type App, ask, expresses, series, startApp, stopAll } from './operated-apps.test-support.ts';

afterEach(stopAll);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
const hello = (app: App) => void app.get('/hello/:name', (_req, res) => void res.json('hello'));

describe.each(expresses)('GET /metrics on %s', (_name, express) => {
  it('M8: tells of requests, connections and the process in the text that Prometheus reads', async () => {
    const { url } = await startApp(hello, { express });
    await ask(`${url}/hello/a`);
    await ask(`${url}/hello/b`);
    const { status, headers, text } = await ask(`${url}/metrics`);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'no-store',
    ]);
    const labels = 'method="GET",route="/hello/:name",status="200"';
    const buckets = series(text, `http_request_duration_seconds_bucket{${labels}`);
    expect(buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual(['0.01', '0.05', '0.1', '0.5', '1', '5', '+Inf']);
    expect(buckets.at(-1)).toBe(`http_request_duration_seconds_bucket{${labels},le="+Inf"} 2`);
    expect(series(text, 'http_request_duration_seconds_count')).toEqual([`http_request_duration_seconds_count{${labels}} 2`]);
    expect(series(text, 'active_connections')).toEqual(['active_connections 1']);
    // The scrape itself is none of the app's requests.
    expect(series(text, 'http_requests_in_flight')).toEqual(['http_requests_in_flight 0']);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_active_handles_total',
    ])
      expect(series(text, name)).toHaveLength(1);
    expect(text).toContain('# TYPE nodejs_gc_duration_seconds histogram');
    expect(series(text, 'health_check_up')).toEqual(['health_check_up{check="eventLoop"} 1']);
  });

  it('counts requests under way', async () => {
    let answer = () => {};
    const waits = (app: App) =>
      void app.get('/waits', (_req, res) => {
        answer = () => void res.json(1);
      });
    const { url, metrics } = await startApp(waits, { express });
    const waiting = ask(`${url}/waits`);
    await expect.poll(async () => series(await metrics.text(), 'http_requests_in_flight')[0]).toBe('http_requests_in_flight 1');
    answer();
    await waiting;
    expect(series(await metrics.text(), 'http_requests_in_flight')).toEqual(['http_requests_in_flight 0']);
  });
});

describe('the page', () => {
  it('is OpenMetrics for who asks for that, and has the traces that stand for buckets only there', async () => {
    const { url, metrics } = await startApp((app, observed) => {
      const orders = observed.metrics.counter('orders_total', { help: 'Orders "made"\n.' });
      const size = observed.metrics.histogram('order_size', { help: 'Lines of an order.', buckets: [1, 10] });
      app.post('/orders', (_req, res) => {
        orders.inc();
        size.observe(3);
        res.json(1);
      });
    });
    await ask(`${url}/orders`, { method: 'POST', headers: { traceparent } });
    await ask(`${url}/orders`, { method: 'POST', headers: { traceparent: traceparent.replace(/01$/, '00') } });
    await ask(`${url}/orders`, { method: 'POST', headers: { traceparent: '"} 1\nevil_total 1 00-nonsense-01' } }).catch(() => {});
    const accept =
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
    const { headers, text } = await ask(`${url}/metrics`, { headers: { accept } });
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(text).toContain('# HELP orders Orders \\"made\\"\\n.\n# TYPE orders counter\norders_total 2\n');
    const exemplar = `\\{trace_id="${TRACE}",span_id="00f067aa0ba902b7"\\}`;
    expect(text).toMatch(new RegExp(`^order_size_bucket\\{le="10\\.0"\\} 2 # ${exemplar} 3 \\d+\\.\\d{3}$`, 'm'));
    // In the one bucket that it fell into: the first request of an app may take its time.
    const durations = new RegExp(
      `^http_request_duration_seconds_bucket\\{.*le=".+"\\} [12] # ${exemplar} 0\\.\\d+ \\d+\\.\\d{3}$`,
      'gm',
    );
    expect(text.match(durations)).toHaveLength(1);
    expect(text).not.toContain('evil');
    // And asking for one does not change the other.
    const plain = await metrics.text();
    expect(plain).toContain('# TYPE orders_total counter\norders_total 2\n');
    expect(plain).not.toContain(TRACE);
    expect(
      (await ask(`${url}/metrics`, { headers: { accept: 'text/plain, application/openmetrics-text;q=0.9' } })).text,
    ).not.toContain('# EOF');
  });

  it('is compressed for who can read that, and for nobody else', async () => {
    const { url } = await startApp(hello);
    const packed = await ask(`${url}/metrics`, { headers: { 'accept-encoding': 'br, gzip' } });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept, accept-encoding' });
    expect(gunzipSync(packed.body).toString()).toContain('# TYPE http_request_duration_seconds histogram');
    const plain = await ask(`${url}/metrics`, { headers: { 'accept-encoding': 'gzip;q=0, br' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const head = await ask(`${url}/metrics`, { method: 'HEAD' });
    expect([head.status, head.body.length, Number(head.headers['content-length']) > 1_000]).toEqual([200, 0, true]);
    const posted = await ask(`${url}/metrics`, { method: 'POST' });
    expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('is for this machine by default, and a proxy on it does not make everybody this machine', async () => {
    const { url } = await startApp(hello);
    expect((await ask(`${url}/metrics?x=1`)).status).toBe(200);
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      const { status, text } = await ask(`${url}/metrics`, { headers: { [name]: '127.0.0.1' } });
      expect([status, text]).toEqual([403, '{"error":"Forbidden"}']);
    }
  });

  it('is for who has the token, or comes from an address of the list', async () => {
    const token = 'a-token-that-is-long-enough';
    const { url } = await startApp(hello, { metrics: { access: { token, addresses: ['10.0.0.0/8'] } } });
    const refused = await ask(`${url}/metrics`);
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect((await ask(`${url}/metrics`, { headers: { authorization: `Bearer ${token}x` } })).status).toBe(401);
    expect((await ask(`${url}/metrics`, { headers: { authorization: `bearer ${token}` } })).status).toBe(200);
    const local = await startApp(hello, { metrics: { access: { token, addresses: ['127.0.0.1'] } } });
    expect((await ask(`${local.url}/metrics`)).status).toBe(200);
    const open = await startApp(hello, { metrics: { access: 'everyone' } });
    expect((await ask(`${open.url}/metrics`, { headers: { 'x-forwarded-for': '1.2.3.4' } })).status).toBe(200);
  });

  it('can be at another path, and away from the app on a port of its own', async () => {
    const moved = await startApp(hello, { metrics: { path: '/internal/metrics' } });
    expect((await ask(`${moved.url}/internal/metrics`)).status).toBe(200);
    expect((await ask(`${moved.url}/metrics`)).status).toBe(404);
    const apart = await startApp(hello, { metrics: { port: 0, host: '127.0.0.1' }, health: { port: 0 } });
    expect((await ask(`${apart.url}/metrics`)).status).toBe(404);
    expect((await ask(`${apart.url}/health/live`)).status).toBe(404);
    await expect.poll(() => apart.ports().metrics).toBeGreaterThan(0);
    const side = `http://127.0.0.1:${apart.ports().metrics}`;
    expect(apart.ports().health).toBe(apart.ports().metrics);
    expect((await ask(`${side}/metrics`)).text).toContain('http_request_duration_seconds');
    expect((await ask(`${side}/health/live`)).text).toBe('{"status":"alive"}');
    expect((await ask(`${side}/hello/a`)).status).toBe(404);
  });

  it('says when its own port cannot be had, and the app goes on', async () => {
    const first = await startApp(hello, { metrics: { port: 0, host: '127.0.0.1' } });
    await expect.poll(() => first.ports().metrics).toBeGreaterThan(0);
    const second = await startApp(hello, { metrics: { port: first.ports().metrics as number, host: '127.0.0.1' } });
    await expect.poll(() => second.lines.join()).toContain('EADDRINUSE');
    expect((await ask(`${second.url}/hello/a`)).status).toBe(200);
  });

  it('can be switched off, and what the app counts is counted all the same', async () => {
    const { url, metrics } = await startApp(hello, { metrics: false });
    expect((await ask(`${url}/metrics`)).status).toBe(404);
    metrics.counter('orders_total', { help: 'Orders.' }).inc();
    const page = await metrics.text();
    expect(page).toContain('orders_total 1');
    expect(page).not.toContain('process_');
  });

  it('of two apps in one process has what is their own, and of the process the same', async () => {
    const one = await startApp((app, { metrics }) => {
      hello(app);
      metrics.counter('orders_total', { help: 'Orders.' }).inc(1);
    });
    const two = await startApp((app, { metrics }) => {
      hello(app);
      metrics.counter('orders_total', { help: 'Orders.' }).inc(2);
    });
    await ask(`${one.url}/hello/x`);
    expect(series(await one.metrics.text(), 'orders_total')).toEqual(['orders_total 1']);
    expect(series(await two.metrics.text(), 'orders_total')).toEqual(['orders_total 2']);
    expect(series(await two.metrics.text(), 'http_request_duration_seconds_count')).toEqual([]);
    for (const { metrics } of [one, two]) expect(series(await metrics.text(), 'process_start_time_seconds')).toHaveLength(1);
  });
});

describe('wrong options', () => {
  it.each<[object, string]>([
    [{ metrics: { access: { token: 'short' } } }, 'takes a text of at least 16 characters'],
    [{ metrics: { access: false } }, "takes 'everyone', or an object of token, callers, addresses"],
    [{ metrics: { access: { addresses: ['localhost'] } } }, '"localhost"'],
    [{ metrics: { buckets: [1, 1] } }, 'not in rising order'],
    [{ metrics: { path: 'metrics' } }, 'takes a path such as "/metrics"'],
    [{ metrics: { colour: 1 } }, 'Unknown option "colour"'],
    [{ health: { timeoutMs: 0 } }, 'milliseconds from 1 to 60000'],
    [{ shutdown: { signals: ['SIGKILL'] } }, 'list of signals'],
  ])('%j are an error', (options, text) => {
    expect(() => observability(express(), options)).toThrow(
      expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID', message: expect.stringContaining(text) }),
    );
  });

  it('a token is never repeated in a message', () => {
    expect(() => observability(express(), { metrics: { access: { token: 'hunter2' } } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
