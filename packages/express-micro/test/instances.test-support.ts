import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExpressMicroOptions, Micro } from '../src/index.ts';
import { type App, type Service, startService, until } from './fleet.test-support.ts';

/** One service of several instances, and somebody who calls it. */
export interface Instances {
  readonly all: readonly Service[];
  readonly caller: Service;
  readonly micro: Micro;
  /** The functions of the service. */
  readonly pens: Micro['services'];
  readonly ids: readonly string[];
}

/** @param declare gets the number of the instance, so that one of them can be odd */
export async function startInstances(
  count: number,
  declare: (app: App, index: number) => void,
  options: Omit<ExpressMicroOptions, 'port'> = {},
): Promise<Instances> {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => startService('pens', (app) => declare(app, index))));
  // Over HTTP, where a connection can be refused and cut; within one process there would be none.
  const over = { transport: 'http', peers: all.map(({ url }) => url) } as const;
  const caller = await startService('caller', () => {}, { ...over, ...options });
  const { micro } = caller;
  await until(
    'all instances',
    () => micro.instances('pens').filter(({ status }) => status === 'UP'),
    (seen) => seen.length === count,
  );
  const ids = all.map(({ url }) => micro.instances('pens').find((one) => one.url === url)?.id ?? '');
  return { all, caller, micro, pens: micro.services.pens, ids };
}

/** So many calls a second for so long, however they end. */
export async function callSteadily(call: () => Promise<unknown>, perSecond: number, seconds: number): Promise<void> {
  const calls: Promise<unknown>[] = [];
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = ((performance.now() - startedAt) * perSecond) / 1_000;
      while (calls.length < due && calls.length < perSecond * seconds) calls.push(call().catch(() => {}));
      if (calls.length < perSecond * seconds) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
  await Promise.all(calls);
}

/** Nobody listens at that port any more, and the app does not know: one request that stays open keeps the server from closing. */
export async function refuseConnections({ server }: Service): Promise<() => void> {
  const { port } = server.address() as AddressInfo;
  const held = http.get({ port, host: '127.0.0.1', path: '/hold', agent: false });
  held.once('error', () => {});
  await new Promise((resolve) => server.once('request', resolve));
  server.close();
  server.closeIdleConnections();
  // Whoever had one of them knows by then: a call on a connection that is just being closed may or may not be executed.
  const open = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  await until('the one connection', open, (count) => count === 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return () => held.destroy();
}
