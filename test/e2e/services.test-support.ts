import http from 'node:http';
import { fixture, type Program, startProgram } from './processes.test-support.ts';

/** Outcome of one call out of many, see `fixtures/load.cjs`. */
export interface LoadedCall {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly instance?: string;
  readonly pid?: number;
  /** Only of a failed call. */
  readonly code?: string;
  readonly message?: string;
}

export interface Known {
  readonly id: string;
  readonly service: string;
  readonly url: string;
  readonly status: 'UP' | 'DOWN';
}

export interface Outcome<T> {
  readonly value?: T;
  readonly failure?: { readonly message: string; readonly code?: string; readonly status?: number; readonly data?: unknown };
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface Load {
  readonly service: string;
  readonly name: string;
  readonly args?: unknown;
  readonly count?: number;
  readonly concurrency?: number;
  readonly ratePerSecond?: number;
  readonly durationMs?: number;
  /** Tells a line `load` after each so many calls. */
  readonly tellEvery?: number;
}

export interface Service extends Program {
  readonly url: string;
  readonly port: number;
  /** When it began to listen. */
  readonly readyMs: number;
  /** Calls a function of another service, from inside this one. */
  call<T = unknown>(service: string, name: string, args?: unknown, options?: unknown): Promise<Outcome<T>>;
  load(load: Load): Promise<LoadedCall[]>;
  /** `Object.keys(services)`, or of one service. */
  names(service?: string): Promise<string[]>;
  instances(service?: string): Promise<Known[]>;
  ready(options?: { services?: string[]; timeoutMs?: number }): Promise<Outcome<'ready'>>;
}

export interface ServiceOptions {
  readonly role?: 'plain' | 'users' | 'orders' | 'parcels' | 'ledger' | 'front';
  readonly key?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly listens?: false;
  readonly kind?: 'ES module' | 'CommonJS';
  readonly express?: 4 | 5;
  /** Of `expressMicro()`. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Short enough for a test, long enough for a busy machine. */
export const PING_INTERVAL_MS = 1_000;

/** Starts a process of `fixtures/service` and waits until it listens. */
export async function startService(name: string, peers: readonly string[], given: ServiceOptions = {}): Promise<Service> {
  const program = launchService(name, peers, given);
  const line = await program.line('it listens', ({ event }) => event === 'ready');
  return asService(program, line.url as string, line.atMs);
}

/** The same without waiting. */
export function launchService(name: string, peers: readonly string[], given: ServiceOptions = {}): Program {
  const { role = 'plain', key, env, port, listens, kind = 'ES module', express = 5, options = {} } = given;
  const described = { role, port, listens, options: { serviceName: name, peers, pingInterval: PING_INTERVAL_MS, ...options } };
  return startProgram(fixture(kind === 'CommonJS' ? 'service.cjs' : 'service.js'), {
    env: {
      FIXTURE: JSON.stringify(described),
      FIXTURE_EXPRESS: express === 4 ? 'express4' : 'express',
      ...(key === undefined ? {} : { EXPRESS_DISCOVERY_KEY: key }),
      ...env,
    },
  });
}

export function asService(program: Program, url: string, readyMs: number): Service {
  async function order<T>(what: string, facts: object = {}): Promise<Outcome<T>> {
    const { status, body } = await request(`${url}/_control`, { method: 'POST', json: { order: what, ...facts } });
    if (status !== 200) throw new Error(`${what} was answered with ${status}: ${body}`);
    return JSON.parse(body);
  }
  async function resultOf<T>(what: string, facts: object): Promise<T> {
    const { value, failure } = await order<T>(what, facts);
    if (failure !== undefined) throw new Error(`${what} failed: ${failure.message}`);
    return value as T;
  }
  return {
    ...program,
    url,
    readyMs,
    port: Number(new URL(url).port),
    call: (service, name, args, options) => order('call', { service, name, args, options }),
    load(load) {
      const calls = resultOf<LoadedCall[]>('load', load);
      // It is awaited later. A test that fails before ends the process, and this with it.
      calls.catch(() => {});
      return calls;
    },
    names: (service) => resultOf('names', { service }),
    instances: (service) => resultOf('instances', { service }),
    ready: (options = {}) => order('ready', options),
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** A request on a connection of its own. */
export function request(
  url: string,
  options: { method?: string; json?: unknown; headers?: Record<string, string>; agent?: http.Agent } = {},
): Promise<Answer> {
  const content = options.json === undefined ? undefined : JSON.stringify(options.json);
  const headers = { ...(content === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers };
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method: options.method ?? 'GET', headers, agent: options.agent ?? false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(content);
  });
}

/** What was measured, in the output of the tests. */
export function note(what: string, figures: Readonly<Record<string, number | string>>): void {
  console.log(
    `measured: ${what}: ${Object.entries(figures)
      .map(([name, figure]) => `${name} ${figure}`)
      .join(', ')}`,
  );
}
