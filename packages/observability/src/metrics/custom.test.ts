import { type Context, keepContext, runInContext, systemClock } from '@express-micro/core';
import { describe, expect, it } from 'vitest';
import { createCustomMetrics } from './create-custom.ts';
import { toText } from './exposition.ts';
import { createPromMetrics } from './prom-client.ts';

function fail(): never {
  throw new Error('no');
}

function create(maxValues = 3) {
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const metrics = createCustomMetrics({
    clock: systemClock,
    log: { info: write, warn: write, error: write },
    prom: createPromMetrics(),
    bounds: { maxValues, maxSeries: 100 },
    isTaken: (name) => name === 'taken_total',
  });
  const page = async () =>
    toText(await metrics.collect(), 'prometheus')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  return { metrics, lines, page };
}

describe('metrics of an app', () => {
  it('count, and go up and down', async () => {
    const { metrics, page } = create();
    const made = metrics.counter('made_total', { help: 'Made.', labels: ['kind'] });
    made.inc({ kind: 'pen' });
    made.inc({ kind: 'pen' }, 2);
    made.inc({ kind: 'ink' });
    const depth = metrics.gauge('depth', { help: 'Depth.' });
    depth.set(5);
    depth.inc();
    depth.dec(2);
    expect((await page()).toSorted()).toEqual(['depth 4', 'made_total{kind="ink"} 1', 'made_total{kind="pen"} 3']);
  });

  it('measure, in buckets and in quantiles', async () => {
    const { metrics, page } = create();
    const size = metrics.histogram('size', { help: 'Size.', labels: ['of'], buckets: [1, 2] });
    for (const value of [0.5, 1, 1.5, 9]) size.observe({ of: 'x' }, value);
    const wait = metrics.summary('wait', { help: 'Wait.', quantiles: [0.5] });
    for (const value of [1, 2, 3]) wait.observe(value);
    expect(await page()).toEqual([
      'wait{quantile="0.5"} 2',
      'wait_sum 6',
      'wait_count 3',
      'size_bucket{of="x",le="1"} 2',
      'size_bucket{of="x",le="2"} 3',
      'size_bucket{of="x",le="+Inf"} 4',
      'size_sum{of="x"} 12',
      'size_count{of="x"} 4',
    ]);
    const seconds = metrics.histogram('took_seconds', { help: 'Took.' }).startTimer()();
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(await page()).toContain('took_seconds_count 1');
  });

  it('are read at the scrape where somebody else keeps count, and left out when that fails or hangs', async () => {
    const { metrics, page, lines } = create();
    const pool = { idle: 3, waiting: 1 };
    metrics.gauge('pool', {
      help: 'Connections.',
      labels: ['state'],
      read: () => [
        [{ state: 'idle' }, pool.idle],
        [{ state: 'waiting' }, pool.waiting],
      ],
    });
    metrics.gauge('queue', { help: 'Queue.', read: async () => 7 });
    metrics.gauge('broken', {
      help: 'Broken.',
      read: () => {
        throw new Error('no pool');
      },
    });
    let asked = 0;
    const hang = () => {
      asked += 1;
      return new Promise<number>(() => {});
    };
    metrics.gauge('hanging', { help: 'Hanging.', read: hang });
    expect(await page()).toEqual(['pool{state="idle"} 3', 'pool{state="waiting"} 1', 'queue 7']);
    pool.idle = 9;
    expect(await page()).toContain('pool{state="idle"} 9');
    expect(asked).toBe(1);
    expect(lines.toSorted()).toEqual([
      'the metric "broken" could not be read: no pool. This is said once.',
      'the metric "hanging" could not be read: no answer within 1000 ms. This is said once.',
    ]);
  });

  it.each([[{ no: 'rows' }], [[null]], [[5]], [[[null, 5]]], [[['a', 5]]], [[[{ state: 'idle' }, '5']]], ['5']])(
    'leave out one that reads %j, and the page stays',
    async (readings) => {
      const { metrics, page, lines } = create();
      metrics.gauge('wrong', { help: 'Wrong.', labels: ['state'], read: () => readings as never });
      metrics.gauge('right', { help: 'Right.', read: () => 7 });
      expect(await page()).toEqual(['right 7']);
      expect(lines).toEqual([
        'the metric "wrong" could not be read: it takes a number, or a list of [labels, number]. This is said once.',
      ]);
    },
  );

  it('have "other" for what is too much, say so once, and sum up what is read', async () => {
    const { metrics, page, lines } = create(2);
    const seen = metrics.counter('seen_total', { help: 'Seen.', labels: ['who'] });
    for (let who = 0; who < 1_000; who++) seen.inc({ who });
    metrics.gauge('rows', { help: 'Rows.', labels: ['of'], read: () => ['a', 'b', 'c', 'd'].map((of) => [{ of }, 1] as const) });
    expect((await page()).toSorted()).toEqual([
      'rows{of="a"} 1',
      'rows{of="b"} 1',
      'rows{of="other"} 2',
      'seen_total{who="0"} 1',
      'seen_total{who="1"} 1',
      'seen_total{who="other"} 998',
    ]);
    expect(lines).toEqual([
      'the metric "seen_total" has more than 2 values of a label, or 100 series: the rest are "other". This is said once.',
    ]);
  });

  it('break neither a request nor the page where a label cannot be made a text', async () => {
    const { metrics, page, lines } = create(20);
    const counter = metrics.counter('a_total', { help: 'A.', labels: ['l', 'constructor'] });
    const hostile: unknown[] = [
      Object.create(null),
      { toString: () => fail() },
      new Proxy({}, { get: fail }),
      Symbol('s'),
      'a'.repeat(1_000_000),
      '\n"\\\ud800',
      new Date(Number.NaN),
      () => 1,
    ];
    for (const l of hostile) counter.inc({ l, constructor: 'x' } as never);
    counter.inc(new Proxy({}, { get: fail }) as never);
    counter.inc({ l: 'without' } as never);
    metrics.gauge('g', { help: 'G.', labels: ['l'], read: () => [[{ l: Object.create(null) }, 1]] as never });
    metrics.gauge('h', {
      help: 'H.',
      read: () => {
        throw Object.create(null);
      },
    });
    metrics.gauge('right', { help: 'Right.', read: () => 7 });
    const told = await page();
    expect(told).toContain('right 7');
    expect(told).toContain('a_total{l="without",constructor=""} 1');
    expect(told.every((line) => line.length < 300)).toBe(true);
    expect(lines.every((line) => line.endsWith('This is said once.'))).toBe(true);
  });

  it('break nothing where they are used wrongly', async () => {
    const { metrics, page, lines } = create();
    const counter = metrics.counter('a_total', { help: 'A.', labels: ['l'] });
    counter.inc({ l: 'x' }, -1);
    counter.inc({ l: 'x' }, Number.NaN);
    (counter.inc as (value: unknown) => void)(null);
    (metrics.histogram('h', { help: 'H.' }).observe as (value: unknown) => void)('no');
    expect(await page()).toEqual(['a_total{l=""} 1']);
    expect(lines).toEqual([
      'the metric "a_total" was given -1; a counter only grows, and does not count that. This is said once.',
      'the metric "h" was given no, which is no number, and does not count that. This is said once.',
    ]);
  });

  it.each<[string, (metrics: ReturnType<typeof create>['metrics']) => unknown, string]>([
    ['a counter without its suffix', (m) => m.counter('orders', { help: 'h' }), 'call it "orders_total"'],
    ['a name of ours', (m) => m.counter('taken_total', { help: 'h' }), 'there by itself'],
    ['a name that is none', (m) => m.gauge('a-b', { help: 'h' }), 'a name is of letters'],
    ['an end that means something else', (m) => m.gauge('orders_total', { help: 'h' }), 'leave it off'],
    ['no help', (m) => m.gauge('g', {} as never), 'takes a text that says what it counts'],
    ['a label that is taken', (m) => m.histogram('h', { help: 'h', labels: ['le'] }), 'a label that a histogram has by itself'],
    ['quantiles that are none', (m) => m.summary('s', { help: 'h', quantiles: [0.5, 5] }), 'rising numbers from 0 to 1'],
    ['a label that is none', (m) => m.gauge('g', { help: 'h', labels: ['a-b'] }), 'names of letters'],
    ['an unknown option', (m) => m.gauge('g', { help: 'h', colour: 1 } as never), 'Unknown option "colour"'],
  ])('are refused where they are made: %s', (_what, make, text) => {
    const { metrics } = create();
    expect(() => make(metrics)).toThrow(
      expect.objectContaining({ code: 'OBSERVABILITY_OPTION_INVALID', message: expect.stringContaining(text) }),
    );
  });

  it('are made once', () => {
    const { metrics } = create();
    metrics.gauge('g', { help: 'h' });
    expect(() => metrics.gauge('g', { help: 'h' })).toThrow(/one of that name already/);
    // One family in OpenMetrics.
    metrics.counter('orders_total', { help: 'h' });
    expect(() => metrics.gauge('orders', { help: 'h' })).toThrow(/one of that name already/);
  });

  it('remember the trace in which a value was seen, the newest after a second', async () => {
    const { metrics } = create();
    const size = metrics.histogram('size', { help: 'Size.', buckets: [1] });
    keepContext();
    const context = (traceId: string, flags = '01') =>
      ({ requestId: 'r', traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` }) as unknown as Context;
    runInContext(context('a'.repeat(32)), () => size.observe(0.5));
    runInContext(context('b'.repeat(32)), () => size.observe(0.6));
    runInContext(context('c'.repeat(32), '00'), () => size.observe(5));
    runInContext(context('0'.repeat(32)), () => size.observe(6));
    size.observe(7);
    const page = toText(await metrics.collect(), 'openmetrics');
    expect(page.match(/trace_id="(\w+)"/g)).toEqual([`trace_id="${'a'.repeat(32)}"`]);
  });
});
