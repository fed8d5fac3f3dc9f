import type { Jsonified } from '../jsonified.ts';
import type { InputOf, OutputOf, Schema } from '../validation/schema.ts';
import type { DeclaredFailure } from './declared-errors.ts';
import type { BodilessMethod, RouteDefinition, StatusWithoutContent } from './definition.ts';
import type { PathNames } from './path.ts';
import type { Reply } from './reply.ts';

/**
 * A call of a contract, as a caller sees it. An interface: the compiler works out a member when somebody asks for it, and a
 * service that is declared and not called costs it nothing.
 */
export interface ContractCall<D extends RouteDefinition, Returned> {
  readonly args: Arguments<D>;
  readonly request: Take<'params', CallerParams<D>> & Take<'query', CallerQuery<D>> & Take<'body', CallerBody<D>>;
  readonly data: DataOf<D, Returned>;
  readonly failure: DeclaredFailure<D>;
}

type Nothing = Record<never, never>;

/**
 * What a caller sends: what the schema takes. A schema that takes anything and makes something of it (`z.coerce.number()`) says
 * `unknown`; a caller is better served by what it makes.
 */
type Sent<In, Out> = unknown extends In
  ? Out
  : In extends readonly unknown[]
    ? In
    : In extends object
      ? { [K in keyof In]: unknown extends In[K] ? (K extends keyof Out ? Out[K] : unknown) : In[K] }
      : In;

type CallerParams<D extends RouteDefinition> = D extends { readonly params: infer S extends Schema }
  ? Sent<InputOf<S>, OutputOf<S>>
  : [PathNames<D['path']>] extends [never]
    ? Nothing
    : { [Name in PathNames<D['path']>]: string | number };

type CallerQuery<D extends RouteDefinition> = D extends { readonly query: infer S extends Schema }
  ? Sent<InputOf<S>, OutputOf<S>>
  : Nothing;

/** `undefined`: there is no body. */
type CallerBody<D extends RouteDefinition> = D extends { readonly body: infer S extends Schema }
  ? Sent<InputOf<S>, OutputOf<S>>
  : undefined;

/** `f(args)` has one object for all parts. Where that cannot say what is meant, the type says what can. */
type Arguments<D extends RouteDefinition> = D['method'] extends BodilessMethod
  ? Joined<CallerParams<D>, CallerQuery<D>>
  : Nothing extends CallerQuery<D>
    ? D extends { readonly body: Schema }
      ? WithBody<CallerParams<D>, CallerBody<D>>
      : Optional<CallerParams<D>>
    : 'It has a query and a body: call .request({ params, query, body })';

type WithBody<Params, Body> =
  NonNullable<Body> extends readonly unknown[] | string | number | boolean
    ? 'Its body is no object: call .request({ params, body })'
    : undefined extends Body
      ? Joined<Params, NonNullable<Body>>
      : Exclude<Joined<Params, Body>, undefined>;

type Joined<A, B> = [keyof A & keyof B] extends [never]
  ? Optional<A & B>
  : 'A name stands in the path and beside it: call .request({ params, query, body })';

type Optional<Args> = Nothing extends Args ? Args | undefined : Args;

/** One part of `.request(…)`. */
type Take<Part extends string, Value> = [Value] extends [undefined]
  ? { readonly [P in Part]?: undefined }
  : undefined extends Value
    ? { readonly [P in Part]?: Value }
    : Part extends 'body'
      ? { readonly [P in Part]: Value }
      : Nothing extends Value
        ? { readonly [P in Part]?: Value }
        : { readonly [P in Part]: Value };

type DataOf<D extends RouteDefinition, Returned> = D extends
  | { readonly status: StatusWithoutContent }
  | { readonly method: 'HEAD' }
  ? undefined
  : D extends { readonly response: infer S extends Schema }
    ? Jsonified<OutputOf<S>>
    : Written<Awaited<Returned>>;

type Written<T> =
  T extends Reply<infer Data>
    ? Jsonified<Data>
    : T extends AsyncIterable<unknown> | Uint8Array
      ? unknown
      : [T] extends [ReturnType<() => void>]
        ? undefined
        : Jsonified<T>;
