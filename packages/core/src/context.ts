import { AsyncLocalStorage } from 'node:async_hooks';
import type { Lifetime } from './lifetime.ts';
import type { Random } from './random.ts';

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

const storage = new AsyncLocalStorage<Context>();

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
  if (passing !== undefined) storage.enterWith(passing);
}

/** The context of the request that is being served, or `undefined` outside of one. */
export function currentContext(): Context | undefined {
  return storage.getStore();
}

/** Runs `run` so that everything it starts, also later, sees `context`, where contexts are kept: see {@link keepContext}. */
export function runInContext<T>(context: Context, run: () => T): T {
  if (isKept) return storage.run(context, run);
  const before = passing;
  passing = context;
  try {
    return run();
  } finally {
    passing = before;
  }
}

/**
 * Ids for what begins in this process: a random prefix and a counter. Unique as a UUID is, and nothing is drawn for each.
 */
export function createRequestIds(random: Random): () => string {
  const prefix = random.bytes(9).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}.${count.toString(36)}`;
  };
}

/** 1 to 128 letters, digits, `_`, `.` and `-`: safe in a header, a log line and a file name. */
export function isRequestId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 128 && /^[\w.-]+$/.test(value);
}
