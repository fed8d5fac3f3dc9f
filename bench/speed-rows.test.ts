import { describe, expect, it } from 'vitest';
import { aimsOn, rowsOf } from './speed-rows.mjs';

/** A kind that needs so many µs for everything, the same in each set. */
const kind = (us: number) => ({ wallUs: [us, us, us], cpuUs: [us, us, us], serverUs: [us, us, us], p50Us: [us, us, us] });

const PEERS = {
  http: kind(50),
  signed: kind(100),
  'plugin-undici': kind(40),
  'express-undici': kind(100),
  'express-axios': kind(400),
  'nest-tcp': kind(30),
  'moleculer-tcp': kind(40),
  grpc: kind(200),
  limit: kind(5),
};

const ofLink = (rows: ReturnType<typeof rowsOf>) =>
  rows.filter(({ name, target }) => name.includes('link') && target !== undefined);

describe('the rows of speed', () => {
  it('are larger the less express-micro needs', () => {
    const rows = rowsOf({ ...PEERS, link: kind(10) }, 24, 'how');
    const values = Object.fromEntries(rows.filter(({ target }) => target !== undefined).map(({ name, value }) => [name, value]));
    expect(values).toEqual({
      'HTTP mode with all features : raw undici into the same Express app': 2,
      'the same with every request signed': 1,
      "plain HTTP into Express under the plugin : Express's own listen (raw undici into both)": 2.5,
      'link : Express + undici, wall': 10,
      'link : Express + undici, CPU': 10,
      'link : Express + axios, wall': 40,
      'link : NestJS TCP, wall': 3,
      'link : Moleculer TCP, CPU': 4,
      'link : gRPC (grpc-js), CPU': 20,
      'one call at a time, p50, link : Express + undici': 0.1,
    });
    expect(rows.every(({ isMet = true }) => isMet)).toBe(true);
  });

  it('tell beside each target of the link what a bare exchange reaches', () => {
    const limits = rowsOf({ ...PEERS, link: kind(10) }, 20, 'how').filter(({ name }) => name.startsWith('the limit'));
    expect(limits.map(({ value }) => value)).toEqual([20, 80, 6, 8, 40]);
    expect(limits.map(({ note }) => note?.split('is ')[1])).toEqual(['20', '35', '2.5', '4', '20']);
  });

  it('miss every target of the link where there is none', () => {
    const rows = ofLink(rowsOf(PEERS, 24, 'how'));
    expect(rows).toHaveLength(7);
    for (const row of rows) expect(row).toMatchObject({ isMet: false, note: 'this build has no link' });
    expect(rows.every(({ value }) => value === undefined)).toBe(true);
  });

  it('are an error where a peer is missing: a ratio with nobody says nothing', () => {
    const { grpc: _grpc, ...others } = PEERS;
    expect(() => rowsOf({ ...others, link: kind(10) }, 24, 'how')).toThrow('grpc was not measured');
  });

  it.each([
    [20, 2.5, [20]],
    [22, 2.5, [20]],
    [24, 0.99, [6, 10]],
    [26, 0.99, [6, 10]],
  ])('have on Node %d the targets of its line', (line, plugin, link) => {
    const aims = aimsOn(line);
    expect(aims.find(({ kind: own }) => own === 'plugin-undici')?.atLeast).toBe(plugin);
    expect(aims.filter(({ name }) => name.startsWith('link : Express + undici')).map((aim) => aim.atLeast)).toEqual(link);
  });
});
