import type { Readable } from 'node:stream';
import type { CallWatch, Cancellation, Context } from '@express-micro/core';
import type { Instance, ServiceEntry } from '../directory/directory.ts';
import type { FoundRoute, RouteTable } from '../routes/naming.ts';
import type { AnswerHeaders, TransportRequest } from '../transport/transport.ts';
import type { BuiltRequest } from './arguments.ts';
import type { Outcome } from './outcome.ts';

/** What a caller may say about one call, beside its arguments. */
export interface CallOptions {
  /** The whole call, retries included. A call made for a request that is being served has no more than that has left. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** Aborting it ends the call with MESH_CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as `Idempotency-Key`; the call may be repeated whatever its method is. */
  readonly idempotencyKey?: string | undefined;
  /** Id of the one instance that is to answer: nobody else is tried. */
  readonly instance?: string | undefined;
  /** For a route of `app.all`: which method its own name stands for. @default 'GET' */
  readonly method?: string | undefined;
  /**
   * GET and HEAD only: asks a second instance when the first takes longer than nearly all recent calls of this function did
   * (or than `afterMs`), and takes the first answer. Not for what costs the service much. @default false
   */
  readonly hedge?: boolean | { readonly afterMs: number } | undefined;
  /**
   * What the call gives when the service cannot answer (not reached, lost, too late, overloaded, 5xx): a value, or a function
   * of the error. Only of `f(args, options)`: a response that never was has no status. @default none
   */
  readonly fallback?: unknown;
}

/** Without what a whole response cannot have. */
export type ResponseOptions = Omit<CallOptions, 'fallback'>;

/** One call on its way down the chain. One object a call; every part of the chain writes its own fields of it. */
export interface CallRequest {
  readonly service: ServiceEntry;
  readonly function: string;
  readonly options: CallOptions;
  readonly requestId: string;
  readonly wantsStream: boolean;
  /** Whether the caller gets the headers of the answer to see. */
  readonly wantsHead: boolean;
  readonly cancellation: Cancellation;
  /** Of the request that is being served, as it was when the call was made: timers would see another one's. */
  readonly context: Context | undefined;
  /** Monotonic; and what was spent since then on finding out where to call. */
  readonly startedAtMs: number;
  readonly spentMs: number;
  /** What the caller gave, and how it becomes an HTTP request: see {@link builtFor}. */
  readonly args: unknown;
  readonly toHttp: ToHttp;
  /** What offers it, by the lists of routes that instances have. */
  readonly found: ReadonlyMap<RouteTable, FoundRoute>;
  /** The request that was built last, and the list of routes that it was built for. */
  built: BuiltRequest | undefined;
  builtOf: RouteTable | undefined;
  /** The body that is sent, once it is known. */
  upload: BuiltRequest['body'];
  /** Instances that offer the function, or the one that the caller wants. */
  candidates: readonly Instance[];
  /** Monotonic time as this synchronous step knows it: whoever waits sets it anew. A clock is dear beside the rest of a step. */
  nowMs: number;
  /** Of the deadline: monotonic time at which nobody waits any more. */
  endsAtMs: number;
  /** Of retry: which attempt this is, who has failed this call already, and whether one more was wanted that the budget did not give. */
  attempts: number;
  failed: Instance[] | undefined;
  isBudgetSpent: boolean;
  /** Of balance: who is tried now, or was tried last; since when, whether as the probe of an ejected one, and what came of it. */
  instance: Instance | undefined;
  attemptedAtMs: number;
  isProbe: boolean;
  outcome: Outcome;
  /** Of send: the attempt was handed to the transport. */
  isSent: boolean;
  sent: TransportRequest | undefined;
  /** Of observe: who is told how this call goes on, and what they send with the attempt. `undefined` while nobody observes. */
  watches: readonly CallWatch[] | undefined;
  carried: Readonly<Record<string, string>> | undefined;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly contentType: string;
  readonly body: Buffer | Readable;
  readonly text?: string | undefined;
}

/**
 * Told once what came of a call: an answer, or, where that is `undefined`, why there is none. It never throws.
 *
 * A function and no promise: each promise on the way costs a call more than most of what is decided there.
 */
export type Done = (answer: CallAnswer | undefined, failure: unknown) => void;

/** Makes a call, and tells what came of it, now or later. It never throws. */
export type Call = (request: CallRequest, done: Done) => void;

/** What stands around a call. The order is one visible array, in `chain.ts`. */
export type Interceptor = (next: Call) => Call;

/** Arguments as an HTTP request. @throws MESH_ARGUMENT_INVALID */
export type ToHttp = (found: FoundRoute, name: string, args: unknown, options: CallOptions) => BuiltRequest;

/**
 * The HTTP request for one instance: instances of different versions may offer the function under different paths. One
 * serves all that have the same list of routes.
 *
 * @throws MESH_ARGUMENT_INVALID
 */
export function builtFor(request: CallRequest, instance: Instance): BuiltRequest {
  const wanted = instance.known?.table as RouteTable;
  if (request.built !== undefined && request.builtOf === wanted) return request.built;
  const found = request.found.get(wanted) ?? [...request.found.values()][0];
  request.built = request.toHttp(found as FoundRoute, request.function, request.args, request.options);
  request.builtOf = wanted;
  return request.built;
}
