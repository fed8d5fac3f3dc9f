import { afterAll, describe, expect, it } from 'vitest';
import type { EjectionEvent, InstanceInfo } from '../src/index.ts';
import { stopAll, until } from './fleet.test-support.ts';
import { callSteadily, startInstances } from './instances.test-support.ts';

afterAll(stopAll);

describe.concurrent('which instance is called', () => {
  it('one that is slower by 500 ms has less than 5 % after five seconds', async () => {
    const answered = [0, 0, 0];
    const { pens } = await startInstances(3, (app, index) => {
      app.get('/pens', (_req, res) => {
        answered[index] = (answered[index] ?? 0) + 1;
        setTimeout(() => res.json([]), index === 0 ? 505 : 5);
      });
    });
    await callSteadily(() => pens.getPens(), 150, 5);
    answered.fill(0);
    await callSteadily(() => pens.getPens(), 150, 3);
    expect((answered[0] as number) / 450).toBeLessThan(0.05);
  });

  it('one that answers 500 at once has less than 2 % after five seconds, is ejected, and is still up', async () => {
    const answered = [0, 0, 0];
    const { pens, micro, ids } = await startInstances(3, (app, index) => {
      app.get('/pens', (_req, res) => {
        answered[index] = (answered[index] ?? 0) + 1;
        if (index === 0) res.status(500).end();
        else setTimeout(() => res.json([]), 5);
      });
    });
    const ejected: EjectionEvent[] = [];
    micro.on('ejected', (event) => ejected.push(event));
    await callSteadily(() => pens.getPens(), 150, 5);
    answered.fill(0);
    await callSteadily(() => pens.getPens(), 150, 3);
    expect((answered[0] as number) / 450).toBeLessThan(0.02);
    expect(ejected[0]).toMatchObject({ service: 'pens', instance: ids[0], reason: 'failure-rate' });
    expect(micro.instances('pens').map(({ status }) => status)).toEqual(['UP', 'UP', 'UP']);
  });

  it('one that answers 503 is left alone after five, probed by one call, and taken back when it is well', async () => {
    let isWell = false;
    let asked = 0;
    let underWay = 0;
    let most = 0;
    const { pens, micro, ids } = await startInstances(
      3,
      (app, index) => {
        app.get('/pens', (_req, res) => {
          if (index > 0) return void res.json([]);
          asked += 1;
          underWay += 1;
          most = Math.max(most, underWay);
          setTimeout(() => {
            underWay -= 1;
            res.status(isWell ? 200 : 503).end();
          }, 20);
        });
      },
      { ejection: { baseMs: 200 } },
    );
    const ejected: EjectionEvent[] = [];
    const readmitted: InstanceInfo[] = [];
    micro.on('ejected', (event) => ejected.push(event));
    micro.on('readmitted', (instance) => readmitted.push(instance));
    const callUntil = (what: string, isSo: () => boolean) =>
      until(
        what,
        async () => {
          await Promise.all([1, 2, 3, 4].map(() => pens.getPens().catch(() => {})));
          return isSo();
        },
        Boolean,
      );
    await callUntil('an ejection', () => ejected.length === 1);
    expect(ejected[0]).toMatchObject({ service: 'pens', instance: ids[0], reason: 'consecutive-failures' });
    expect(ejected[0]?.forMs).toBeGreaterThanOrEqual(160);
    expect(ejected[0]?.forMs).toBeLessThanOrEqual(240);
    await until(
      'what was under way',
      () => underWay,
      (seen) => seen === 0,
    );
    [asked, most] = [0, 0];
    await callUntil('a probe that fails', () => ejected.length === 2);
    expect([asked, most]).toEqual([1, 1]);
    isWell = true;
    await callUntil('a probe that is well', () => readmitted.length === 1);
    expect([asked, most]).toEqual([2, 1]);
    expect(readmitted[0]?.id).toBe(ids[0]);
    expect(micro.counters()).toMatchObject({ ejections: 2, readmissions: 1 });
  });
});
