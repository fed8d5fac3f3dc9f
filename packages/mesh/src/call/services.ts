import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { CallableRoute, CallShape } from '@express-micro/core';
import { isReservedName } from '../identity.ts';
import type { AnswerHeaders } from '../transport/transport.ts';
import type { ExplicitRequest } from './arguments.ts';
import type { CallOptions, ResponseOptions } from './call.ts';
import { type RemoteFailure, remoteFailureOf } from './remote-failure.ts';

/** Whatever JSON held: the type that `JSON.parse` has. Declare your services to have better (`interface Services`). */
type Json = ReturnType<typeof JSON.parse>;

/** Arguments taken apart: nothing is sorted into path, query and body for you. */
export type ExplicitArguments = Pick<ExplicitRequest, 'params' | 'query' | 'body'>;

export interface ServiceResponse<Data = Json> {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly data: Data;
  /** Id of the instance that answered. */
  readonly instance: string;
}

export interface ServiceStream {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Readable;
  readonly instance: string;
}

/** What the forms of a call beside `f(args)` speak of. */
interface Forms {
  readonly request: object;
  readonly failure: unknown;
}

interface UntypedForms {
  readonly request: ExplicitArguments;
  readonly failure: RemoteFailure;
}

/** An argument that may be left out where nothing in it has to be there. */
type Sent<Request> =
  Record<never, never> extends Request ? [request?: Request & ResponseOptions] : [request: Request & ResponseOptions];

/** A remote route as a function. */
export interface ServiceFunction<Args = Readonly<Record<string, unknown>>, Data = Json, F extends Forms = UntypedForms> {
  /** Path parameters are taken from the arguments by name; the rest goes to the query or the JSON body. Answers the data. */
  (...args: undefined extends Args ? [args?: Args, options?: CallOptions] : [args: Args, options?: CallOptions]): Promise<Data>;
  /** The whole response, from arguments taken apart. */
  request(...sent: Sent<F['request']>): Promise<ServiceResponse<Data>>;
  /** The same with a body to be read as it comes. */
  stream(...sent: Sent<F['request']>): Promise<ServiceStream>;
  /**
   * What the other side said, when `error` is its answer to a call of this function and has a code; `undefined` for everything else:
   * not reached, too late, an error of another call. Of a contract it answers the errors that the contract declares, each with its data
   * typed, and no others: what a `VALIDATION_FAILED` holds is in `error.data`.
   */
  errorOf(error: unknown): F['failure'] | undefined;
}

/**
 * A function of a declared service, with the forms of a call added: `getOrders(args: { userId: number }): Promise<Order[]>`, or a
 * contract, by which the other forms and the errors are typed, too.
 */
type Declared<F> = F extends (...args: infer A) => infer R
  ? ServiceFunction<A extends [] ? undefined : A extends [(infer One)?] ? One : never, Awaited<R>>
  : F extends CallableRoute<infer C>
    ? Contracted<NonNullable<C>>
    : never;

type Contracted<C> = C extends CallShape ? ServiceFunction<C['args'], C['data'], C> : never;

/**
 * Services as callers see them: those that `S` declares with their functions and types, any other untyped. Untyped is
 * `Json` and not a table of functions, because `noUncheckedIndexedAccess` would put a question mark behind every name.
 */
export type ServicesOf<S> = { readonly [K in keyof S]: { readonly [F in keyof S[K]]: Declared<S[K][F]> } } & {
  readonly [name: string]: Json;
};

/** Makes the calls for the proxy. `service` and `name` are as the caller wrote them. */
export interface Invoker {
  call(service: string, name: string, args: unknown, options: CallOptions | undefined): Promise<unknown>;
  request(service: string, name: string, request: (ExplicitArguments & ResponseOptions) | undefined): Promise<ServiceResponse>;
  stream(service: string, name: string, request: (ExplicitArguments & ResponseOptions) | undefined): Promise<ServiceStream>;
  serviceNames(): string[];
  functionNames(service: string): string[];
}

/** Names by which test frameworks and loggers ask what a value is; answering with a function would call somebody. */
const PROBED_BY_TOOLS = new Set(['asymmetricMatch', 'nodeType', 'tagName', 'inspect', 'toString', 'valueOf', 'toLocaleString']);

/**
 * The object behind `services`: any name is a service, any name on a service is a function, made once each. Awaiting,
 * logging, serialising or listing it calls nobody.
 */
export function createServicesProxy<S>(invoker: Invoker): ServicesOf<S> {
  return naming(
    'services',
    () => invoker.serviceNames(),
    (service) =>
      naming(
        service,
        () => invoker.functionNames(service),
        (name) => serviceFunction(invoker, service, name),
      ),
  ) as ServicesOf<S>;
}

function serviceFunction(invoker: Invoker, service: string, name: string): unknown {
  const f = (args?: unknown, options?: CallOptions) => invoker.call(service, name, args, options);
  Object.defineProperty(f, 'name', { value: `${service}.${name}` });
  return Object.freeze(
    Object.assign(f, {
      request: (request?: ExplicitArguments & ResponseOptions) => invoker.request(service, name, request),
      stream: (request?: ExplicitArguments & ResponseOptions) => invoker.stream(service, name, request),
      errorOf: (error: unknown) => remoteFailureOf(error, service, name),
    }),
  );
}

/** Names kept at most: a gateway that calls by names from its clients must not fill the memory. */
const MAX_KEPT = 1_000;

/** A read-only object whose properties are made by name when first asked for, and whose keys are what is known now. */
function naming(label: string, names: () => string[], make: (name: string) => unknown): object {
  const made = new Map<string, unknown>();
  const target = Object.create(null, {
    [inspect.custom]: { configurable: true, value: () => `[${label}: ${names().join(', ') || 'nothing known yet'}]` },
  });
  const get = (key: string | symbol): unknown => {
    if (typeof key === 'symbol') return key === inspect.custom ? target[inspect.custom] : undefined;
    let value = made.get(key);
    if (value === undefined) {
      if (isReservedName(key)) return undefined;
      if (PROBED_BY_TOOLS.has(key) && !names().includes(key)) return key === 'toString' ? () => `[${label}]` : undefined;
      value = make(key);
      const [oldest] = made.keys();
      if (made.size >= MAX_KEPT && oldest !== undefined) made.delete(oldest);
      made.set(key, value);
    }
    return value;
  };
  return new Proxy(target, {
    get: (_target, key) => get(key),
    has: (_target, key) => typeof key === 'string' && names().includes(key),
    ownKeys: () => names(),
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === 'string' && names().includes(key)
        ? { value: get(key), enumerable: true, configurable: true, writable: false }
        : undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });
}
