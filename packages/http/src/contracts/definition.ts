import type { AddsOf } from '../composition/step.ts';
import type { Middleware } from '../middleware.ts';
import type { Principal } from '../principal.ts';
import type { InputOf, OutputOf, Schema } from '../validation/schema.ts';
import type { PathNames } from './path.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
/** Requests of these have no body, or none that means anything (RFC 9110); the mesh sends their arguments as a query. */
export type BodilessMethod = 'GET' | 'HEAD' | 'DELETE' | 'OPTIONS';

/** Answers that have no content, whatever their handler says (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5). */
export type StatusWithoutContent = 204 | 205 | 304;

export function isWithoutContent(status: number | undefined): status is StatusWithoutContent {
  return status === 204 || status === 205 || status === 304;
}

/** When an answer is held against its schema. */
export type ResponseCheck = 'outside-production' | 'always' | 'never';

/** An error that a route declares: callers read its code and its data, typed. */
export interface ErrorDefinition {
  /** 400 to 599. */
  readonly status: number;
  /** What comes with it. */
  readonly data?: Schema | undefined;
  /** @default the words of the code: `OUT_OF_STOCK` is "Out of stock" */
  readonly message?: string | undefined;
}

/** What a route is, without its handler. */
export interface RouteDefinition {
  readonly method: Method;
  /** `/users/:userId/orders`: text and parameters, nothing else, so that it means the same everywhere. */
  readonly path: string;
  readonly params?: Schema | undefined;
  readonly query?: Schema | undefined;
  readonly body?: Schema | undefined;
  /** What the handler returns is held against it: see `checkResponse`. */
  readonly response?: Schema | undefined;
  /** Of a good answer. @default 200, and 204 where the handler returns nothing */
  readonly status?: number | undefined;
  readonly errors?: Readonly<Record<string, ErrorDefinition>> | undefined;
  /** Guards, run in this order before the parts are judged. */
  readonly use?: readonly Middleware[] | undefined;
  /**
   * `'outside-production'`: an answer that is not what the schema says, or that the schema would change, is a defect (500) that the log
   * explains; production sends what the handler returned and pays nothing. `'always'`: everywhere, and what is sent is what the schema made of it.
   * @default that of `mountRoutes` or `fastifyRoutes`, `'outside-production'`
   */
  readonly checkResponse?: ResponseCheck | undefined;
  /** For the documentation page. */
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly deprecated?: boolean | undefined;
}

/** What is wrong with a definition, as a type that the faulty property cannot have: the compiler shows its text. */
export type Faults<D extends RouteDefinition> = UnknownOptions<D> &
  BodyFault<D> &
  ResponseFault<D> &
  PathFault<D> &
  ParamsFault<D>;

type UnknownOptions<D> = [Exclude<keyof D, keyof RouteDefinition>] extends [never]
  ? unknown
  : { readonly [K in Exclude<keyof D, keyof RouteDefinition>]: 'route() has no option of this name' };

type BodyFault<D> = D extends { readonly method: infer M extends BodilessMethod; readonly body: Schema }
  ? { readonly body: `A ${M} request has no body: take a query, or another method` }
  : unknown;

type ResponseFault<D> = D extends { readonly status: infer S extends StatusWithoutContent; readonly response: Schema }
  ? { readonly response: `An answer with status ${S} has no content: leave the schema out` }
  : unknown;

type PathFault<D> = D extends { readonly path: `${string}${'*' | '(' | '{' | '?'}${string}` }
  ? { readonly 'A path takes text and whole parameters only: /users/:userId/orders': true }
  : unknown;

type ParamsFault<D> = D extends { readonly path: infer Path extends string; readonly params: infer S extends Schema }
  ? string extends Path | keyof InputOf<S>
    ? unknown
    : Mismatch<PathNames<Path>, keyof InputOf<S> & string>
  : unknown;

type Mismatch<InPath extends string, InSchema extends string> = [Exclude<InPath, InSchema>] extends [never]
  ? [Exclude<InSchema, InPath>] extends [never]
    ? unknown
    : { readonly params: `The path has no parameter ":${Exclude<InSchema, InPath>}"` }
  : { readonly params: `The schema lacks the parameter ":${Exclude<InPath, InSchema>}" of the path` };

/** What the handler gets of each part. */
export type ParamsOf<D extends RouteDefinition> = D extends { readonly params: infer S extends Schema }
  ? OutputOf<S>
  : { readonly [Name in PathNames<D['path']>]: string };

export type QueryOf<D extends RouteDefinition> = D extends { readonly query: infer S extends Schema }
  ? OutputOf<S>
  : Readonly<Record<string, string | readonly string[]>>;

export type BodyOf<D extends RouteDefinition> = D extends { readonly body: infer S extends Schema } ? OutputOf<S> : undefined;

/** Who calls: sure where a guard of `use` says that it lets nobody else pass. Guards that are not told one by one say nothing. */
export type PrincipalOf<D extends RouteDefinition> = D extends { readonly use: infer Guards extends readonly unknown[] }
  ? [PrincipalBy<Guards>] extends [never]
    ? Principal | undefined
    : PrincipalBy<Guards>
  : Principal | undefined;

type PrincipalBy<Guards extends readonly unknown[]> = Guards extends readonly [infer First, ...infer Rest]
  ? Known<First> | PrincipalBy<Rest>
  : Guards extends readonly [...infer Rest, infer Last]
    ? Known<Last> | PrincipalBy<Rest>
    : never;

type Known<Guard> = [AddsOf<Guard>] extends [{ readonly principal: infer P extends Principal }] ? P : never;
