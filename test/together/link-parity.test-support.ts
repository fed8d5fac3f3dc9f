import { expect } from 'vitest';

/** What is needed of an app that calls, whatever front door it has. */
export interface Calling {
  readonly micro: {
    // biome-ignore lint/suspicious/noExplicitAny: services of a test are not declared.
    readonly services: any;
    counters(): Readonly<Record<'attemptsOverLink' | 'attemptsInProcess' | 'linksOut', number>>;
  };
}

/** All services of a test live in one process, where calls need no link: shut, the doors let them use one. */
export function shutDoors(): () => void {
  const doors = (globalThis as Record<symbol, unknown>)[Symbol.for('express-micro.doors.1')] as Map<string, unknown>;
  const open = [...doors];
  doors.clear();
  return () => {
    for (const [id, door] of open) doors.set(id, door);
  };
}

/** Calls until the calls of this app go over a link. */
export async function untilLinked(
  { micro }: Calling,
  call: (services: Calling['micro']['services']) => Promise<unknown>,
  timeoutMs = 10_000,
): Promise<void> {
  shutDoors();
  const endsAt = performance.now() + timeoutMs;
  while (micro.counters().attemptsOverLink === 0) {
    if (performance.now() > endsAt) throw new Error(`no link within ${timeoutMs} ms`);
    await call(micro.services).catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export type Explicit = { params?: object; query?: object; body?: unknown; headers?: Record<string, string> };

/** A function of the service that is called, and what it is called with. */
export type ParityCase = readonly [name: string, explicit?: Explicit | undefined];

export type Form = 'plain' | 'request';

/** A plain call takes its arguments as one object. */
export function casesFor(
  form: Form,
  cases: readonly ParityCase[],
): readonly (readonly [index: number, name: string, explicit: Explicit | undefined])[] {
  const fit = cases.filter(([, { body } = {}]) => form === 'request' || Object.getPrototypeOf(body ?? {}) === Object.prototype);
  return fit.map(([name, explicit], index) => [index, name, explicit] as const);
}

/** Makes one call over HTTP, over the link and within the process, and expects that nobody can tell. */
export async function expectParity(
  { http, near }: { readonly http: Calling; readonly near: Calling },
  service: string,
  form: Form,
  [name, explicit]: ParityCase,
  logged: string[],
): Promise<void> {
  const look = (from: Calling) => see(from, service, form, name, explicit, logged);
  const overHttp = await look(http);
  const reopen = shutDoors();
  const overLink = await look(near);
  reopen();
  const within = await look(near);
  expect({ ...overLink, link: 0, local: 0 }).toEqual({ ...overHttp, link: 0, local: 0 });
  expect({ ...within, link: 0, local: 0 }).toEqual({ ...overHttp, link: 0, local: 0 });
  const isLarge = (explicit?.body as Buffer | undefined)?.length === 60_000;
  expect([overHttp.link, overLink.link, within.local]).toEqual(isLarge ? [0, 0, 0] : [0, 1, 1]);
  expect(near.micro.counters().linksOut).toBe(1);
}

/** All that a caller and the app's own code can see of one call. */
async function see({ micro }: Calling, service: string, form: Form, name: string, explicit: Explicit = {}, logged: string[]) {
  logged.length = 0;
  const { params, query, body, ...options } = explicit;
  const given = { ...options, headers: { ...options.headers, 'x-request-id': 'id-of-the-call' } };
  const remote = micro.services[service][name];
  const before = micro.counters();
  let seen: unknown;
  try {
    if (form === 'plain') seen = await remote(body ?? { ...params, ...query }, given);
    else {
      const { status, headers, data } = await remote.request({ ...given, params, query, body });
      const cookie = String(headers['set-cookie'] ?? '').replace(/connect\.sid=.*?;/, 'sid');
      seen = { status, headers: { ...headers, date: typeof headers.date, 'set-cookie': cookie }, data };
    }
  } catch (error) {
    const { code, status, data, kind, retryable } = error as Record<string, unknown>;
    seen = { code, status, data, kind, retryable };
  }
  const after = micro.counters();
  // What handlers see after the answer is out comes a moment later.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return {
    seen,
    logged: [...logged],
    link: after.attemptsOverLink - before.attemptsOverLink,
    local: after.attemptsInProcess - before.attemptsInProcess,
  };
}
