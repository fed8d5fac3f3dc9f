import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { observability } from '@express-micro/observability';
import express from 'express';
import expressMicro from 'express-micro';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Engine, findBinary, startEngine, whyMissing } from '../engines/engine.ts';
import { PROMETHEUS, PROMTOOL, prometheus } from '../engines/prometheus.ts';
import { ask } from './apps.test-support.ts';

const SHIPPED = path.resolve(import.meta.dirname, '../../packages/observability');
const RULES = path.join(SHIPPED, 'prometheus/express-micro.rules.yml');
const DASHBOARD = path.join(SHIPPED, 'grafana/express-micro.json');

const missing = [PROMETHEUS, PROMTOOL].find((program) => findBinary(program) === undefined);
if (missing !== undefined) it.skip(`real Prometheus: ${whyMissing(missing)}`, () => {});

interface Vector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const TOKEN = 'the-token-of-this-test';
const TRACE = 'c'.repeat(32);

describe.skipIf(missing !== undefined)('a real Prometheus', () => {
  let engine: Engine;
  let shopUrl: string;
  const closers: (() => Promise<unknown>)[] = [];

  async function api<T>(what: string, parameters: Record<string, string> = {}): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${engine.port}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const body = (await answer.json()) as { status: string; error?: string; data: T };
    if (body.status !== 'success') throw new Error(`${what} ${JSON.stringify(parameters)}: ${body.error}`);
    return body.data;
  }
  const query = async (expr: string) => (await api<{ result: Vector[] }>('query', { query: expr })).result;

  async function start(
    serviceName: string,
    peers: string[],
    declare: (app: ReturnType<typeof express>, order: () => Promise<unknown>) => void,
  ) {
    const app = express();
    const micro = expressMicro(app, { serviceName, peers, pingInterval: 1_000, log: false });
    const observed = observability(app, {
      service: serviceName,
      logger: { info() {}, warn() {}, error() {} },
      shutdown: false,
      metrics: { access: { token: TOKEN } },
    });
    observed.health.check('database', () => {});
    const { orders } = micro.services as unknown as { orders: Record<string, (args: object) => Promise<unknown>> };
    declare(app, () => orders.getOrder?.({ id: 1 }) ?? Promise.reject(new Error('no orders')));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closers.push(() => Promise.all([micro.close(), observed.close()]));
    return { micro, target: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  beforeAll(async () => {
    process.env.EXPRESS_DISCOVERY_KEY = randomBytes(24).toString('base64url');
    const orders = await start(
      'orders',
      [],
      (app) => void app.get('/orders/:id', (req, res) => void res.json({ id: req.params.id })),
    );
    const shop = await start('shop', [`http://${orders.target}`], (app, order) => {
      app.get('/buy', (_req, res, next) => {
        order().then((one) => res.json(one), next);
      });
    });
    await shop.micro.ready();
    shopUrl = `http://${shop.target}`;
    const buy = () => ask(`${shopUrl}/buy`, { headers: { traceparent: `00-${TRACE}-${'d'.repeat(16)}-01` } });
    await buy();
    // Rates are of what goes on while it is looked at.
    const traffic = setInterval(() => void buy().catch(() => {}), 100);
    closers.push(async () => clearInterval(traffic));
    await (shop.micro.services as unknown as Record<string, Record<string, () => Promise<unknown>>>).nobody
      ?.f?.()
      .catch(() => {});
    engine = await startEngine(
      prometheus({ targets: { shop: shop.target, orders: orders.target }, ruleFiles: [RULES], token: TOKEN }),
    );
    // Two scrapes, so that there are rates.
    await vi.waitUntil(async () => (await query('count_over_time(up[1m]) >= 3')).length === 2, {
      timeout: 20_000,
      interval: 200,
    });
  });

  afterAll(async () => {
    await engine?.close();
    await Promise.all(closers.map((close) => close()));
  });

  it('scrapes the apps, with their token and as OpenMetrics', async () => {
    const { activeTargets } = await api<{ activeTargets: { health: string; lastError: string }[] }>('targets');
    expect(activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([
      ['up', ''],
      ['up', ''],
    ]);
    const [row] = await query('http_request_duration_seconds_count{job="shop", method="GET", route="/buy", status="200"}');
    expect(Number(row?.value[1])).toBeGreaterThan(1);
  });

  it('finds the trace that stands for a bucket', async () => {
    const nowSeconds = Date.now() / 1_000;
    const found = await api<{ exemplars: { labels: Record<string, string> }[] }[]>('query_exemplars', {
      query: 'http_request_duration_seconds_bucket{route="/buy"}',
      start: String(nowSeconds - 600),
      end: String(nowSeconds + 60),
    });
    expect(found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id))).toContain(TRACE);
  });

  it('loads the rules that are shipped, and none of them fails', async () => {
    interface Rule {
      readonly name: string;
      readonly health: string;
      readonly lastError?: string;
    }
    const rules = async () => (await api<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap((group) => group.rules);
    await expect.poll(async () => (await rules()).every(({ health }) => health === 'ok'), { timeout: 10_000 }).toBe(true);
    expect((await rules()).length).toBeGreaterThan(15);
    const errors = 'job:http_errors:ratio_rate5m{job="shop"}';
    await expect.poll(async () => (await query(errors))[0]?.value[1], { timeout: 10_000 }).toBe('0');
  });

  it('knows every metric that rules and dashboard speak of, and answers every query of them', async () => {
    const names = new Set(await api<string[]>('label/__name__/values'));
    const { groups } = await api<{ groups: { rules: { name: string; query: string; type: string }[] }[] }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
      templating: { list: { query: string }[] };
    };
    const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ name: title, query: filled(expr) })),
    );
    expect(panels.length).toBeGreaterThan(30);
    const variables = dashboard.templating.list.flatMap(({ query: text }) => /label_values\(([^,{]+)/.exec(text)?.[1] ?? []);
    const asked = new Set([...variables, ...[...rules, ...panels].flatMap((one) => namesIn(one.query))]);
    const unknown = [...asked].filter((name) => !names.has(name));
    expect(unknown).toEqual([]);
    // A panel of what has not happened yet is empty; every one whose metric has rows has something to show.
    const empty: string[] = [];
    for (const { name, query: expr } of panels) if ((await query(expr)).length === 0) empty.push(name);
    expect(empty).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)('promtool', () => {
  const promtool = (...args: string[]) =>
    execFileSync(findBinary(PROMTOOL) as string, args, { cwd: path.dirname(RULES), encoding: 'utf8', stdio: 'pipe' });

  it('finds the rules in order, and the tests of the rules pass', () => {
    expect(promtool('check', 'rules', RULES)).toMatch(/SUCCESS: \d\d rules found/);
    expect(promtool('test', 'rules', 'express-micro.rules.test.yml')).toContain('SUCCESS');
  });

  it('every alert has a test', () => {
    const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tested = new Set(
      [...readFileSync(RULES.replace('.rules.', '.rules.test.'), 'utf8').matchAll(/alertname: (\w+)/g)].map(([, name]) => name),
    );
    expect(alerts.length).toBeGreaterThan(10);
    expect(alerts.filter((name) => !tested.has(name))).toEqual([]);
  });

  it('takes the page for a good one', async () => {
    const app = express();
    const observed = observability(app, { logger: { info() {}, warn() {}, error() {} }, shutdown: false });
    observed.metrics.counter('orders_total', { help: 'Orders.', labels: ['kind'] }).inc({ kind: 'a"\n\\' });
    const page = await observed.metrics.text();
    await observed.close();
    const checked = (() => {
      try {
        return execFileSync(findBinary(PROMTOOL) as string, ['check', 'metrics'], {
          input: page,
          encoding: 'utf8',
          stdio: 'pipe',
        });
      } catch (error) {
        return String((error as { stdout?: string }).stdout) + String((error as { stderr?: string }).stderr);
      }
    })();
    // What it has to say is about names that prom-client gives, and nobody changes that everybody knows.
    const complaints = checked.split('\n').filter((line) => line !== '' && !/^(nodejs|process)_/.test(line));
    expect(complaints).toEqual([]);
  });
});

/** Grafana's variables, as it fills them in. */
function filled(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(job|instance)/g, '.*');
}

/** Names of metrics in a query: what stands before braces, brackets or the end, and is no function, label or keyword. */
function namesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/"[^"]*"/g, ' ');
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g) ?? [];
  return words
    .filter((word) => word.includes('_') || word.includes(':') || word === 'up')
    .filter((word) => !/_over_time$|^histogram_quantile$/.test(word));
}
