import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lifetime } from './lifetime.ts';

/** Who made the call that is being served, as verified by a signature or a caller token. */
export interface Caller {
  readonly service: string;
  readonly instance: string;
}

/** What travels with a request through this process and on to the next: one object a request, never changed. */
export interface Context {
  readonly requestId: string;
  /** W3C Trace Context, as it came. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly caller: Caller | undefined;
  /** How long the request is worth working on: calls that are made for it end with it. */
  readonly lifetime: Lifetime | undefined;
}

/**
 * What is around at a moment, in one store: before Node 24 each store that is kept costs every asynchronous step of a process.
 */
interface Around {
  readonly context: Context | undefined;
  readonly beside: unknown;
}

const storage = new AsyncLocalStorage<Around>();

/**
 * Before Node 24 a kept context costs a small request 2 to 5 % (async hooks), so it is kept from the moment when somebody
 * in this process can ask for it. From Node 24 on it costs next to nothing and is always kept.
 */
let isKept = Number(process.versions.node.split('.')[0]) >= 24;
/** What `runInContext` is running just now, while nothing is kept yet. */
let passing: Context | undefined;

/** From now on contexts are kept, that of the request in whose synchronous part this is called included. */
export function keepContext(): void {
  if (isKept) return;
  isKept = true;
  if (passing !== undefined) storage.enterWith({ context: passing, beside: undefined });
}

/** The context of the request that is being served, or `undefined` outside of one. */
export function currentContext(): Context | undefined {
  return storage.getStore()?.context;
}

/** What {@link runBeside} keeps, or `undefined` where it keeps nothing. */
export function currentBeside(): unknown {
  return storage.getStore()?.beside;
}

/**
 * Runs `run` so that everything it starts, also later, sees `context`, where contexts are kept: see {@link keepContext}.
 *
 * @param beside see {@link runBeside} @default what is kept already
 */
export function runInContext<T>(context: Context, run: () => T, beside: unknown = currentBeside()): T {
  if (isKept) return storage.run({ context, beside }, run);
  const before = passing;
  passing = context;
  try {
    return run();
  } finally {
    passing = before;
  }
}

/**
 * Runs `run` in the same context, so that everything it starts sees `beside` too: for a library that keeps contexts of its own,
 * such as OpenTelemetry, and would need a second store for them. There is one such library a process.
 */
export function runBeside<T>(beside: unknown, run: () => T): T {
  return storage.run({ context: currentContext() ?? passing, beside }, run);
}

/** The same for all that comes after in this asynchronous step, where there is no function to run. */
export function enterBeside(beside: unknown): void {
  storage.enterWith({ context: currentContext() ?? passing, beside });
}

/**
 * What stands outside of everything else leaves this on a request: the id that the request goes by, and a place for the
 * context that is opened for it further in. So both speak of one request, whoever of them is called first.
 */
export interface Entrance {
  readonly requestId: string;
  /** `undefined` until somebody has opened one. */
  context: Context | undefined;
}

const ENTRANCE: unique symbol = Symbol.for('express-micro.entrance.1') as never;
type EnteredRequest = object & { [ENTRANCE]?: Entrance };

/** On the request itself, not in a WeakMap: that costs the garbage collector more than a request is worth. */
export function entranceOf(request: object): Entrance | undefined {
  return (request as EnteredRequest)[ENTRANCE];
}

export function markEntrance(request: object, entrance: Entrance): void {
  (request as EnteredRequest)[ENTRANCE] = entrance;
}

/** 1 to 128 letters, digits, `_`, `.` and `-`: safe in a header, a log line and a file name. */
export function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 128 && /^[\w.-]+$/.test(value);
}
