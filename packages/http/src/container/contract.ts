import type { HttpRequest } from '../middleware.ts';

/** Makes a value out of what it needs: a function, or a class whose constructor takes that. `({ pool }) => new Orders(pool)` */
export type Make<Needs, Value> = ((needs: Needs) => Value) | (new (needs: Needs) => Value);

export interface MadeOptions<Value> {
  /** Called once at the end of its life; awaited. Of a promise the value. */
  readonly dispose?: ((value: Awaited<Value>) => unknown) | undefined;
}

/** What a container has for one request, or one job. */
export interface Scope<Values> {
  /** @throws HTTP_DEPENDENCY_UNKNOWN, HTTP_DEPENDENCY_CYCLE, HTTP_DEPENDENCY_CAPTIVE, HTTP_CONTAINER_CLOSED */
  get<K extends keyof Values & string>(name: K): Values[K];
  /**
   * Keeps what was made for it from being disposed until this work is over, or `holdTimeoutMs` after the scope was closed: a client that
   * goes away must not have a connection given back in the middle of a transaction. Answers the work itself.
   */
  hold<Work extends PromiseLike<unknown>>(work: Work): Work;
  /** Disposes what was made for it, the last one first. Calling it again changes nothing. */
  close(): Promise<void>;
}

/**
 * Knows how things are made, makes each when it is first asked for, and ends it. `Lasting` is what lives as long as the container, `Scoped` what
 * lives as long as a scope, `Given` what each scope is given. Each method answers the same container, which knows more.
 */
export interface Container<Lasting, Scoped, Given> {
  /** What is there already. It is not disposed. */
  value<K extends string, V>(name: K, value: V): Container<Lasting & Record<K, V>, Scoped, Given>;
  /** Made once. It cannot need what is scoped: the first request's would serve all others. */
  singleton<K extends string, V>(
    name: K,
    make: Make<Lasting, V>,
    options?: MadeOptions<V>,
  ): Container<Lasting & Record<K, V>, Scoped, Given>;
  /** Made once for each scope. */
  scoped<K extends string, V>(
    name: K,
    make: Make<Lasting & Scoped & Given, V>,
    options?: MadeOptions<V>,
  ): Container<Lasting, Scoped & Record<K, V>, Given>;
  /** Made each time that it is asked for, and disposed by nobody. */
  transient<K extends string, V>(name: K, make: Make<Lasting, V>): Container<Lasting & Record<K, V>, Scoped, Given>;
  /** Another value of that name, for tests; before it is made. */
  replace<K extends keyof (Lasting & Scoped) & string>(name: K, value: (Lasting & Scoped)[K]): Container<Lasting, Scoped, Given>;
  /** @throws HTTP_DEPENDENCY_UNKNOWN, HTTP_DEPENDENCY_CYCLE, HTTP_DEPENDENCY_CAPTIVE, HTTP_CONTAINER_CLOSED */
  get<K extends keyof Lasting & string>(name: K): Lasting[K];
  /** For a job, a message, a test; for requests see `scopePerRequest`. */
  createScope(given: Given): Scope<Lasting & Scoped & Given>;
  /** Disposes the scopes that are open, then the singletons, the last one first. Calling it again changes nothing. */
  close(): Promise<void>;
}

/** What each scope of a request is given. */
export interface GivenRequest {
  readonly request: HttpRequest;
}
