import type { ServerResponse } from 'node:http';
import { show } from '@express-micro/core';
import { httpError } from '../errors.ts';
import type { HttpRequest, Middleware, Next } from '../middleware.ts';
import { isThenable } from '../thenable.ts';
import type { AddsOf, AnyMiddleware, Pipeline, RunStep, Step } from './step.ts';

/**
 * Each step knows what those before it have added. Overloads, and not one recursive type: they cost the compiler next to nothing, and
 * their errors name the step.
 */
export interface Pipelines<Req, Res> {
  <A>(a: Step<Req, Res, A>): Pipeline<Req, Res, A>;
  <A, B>(a: Step<Req, Res, A>, b: Step<Req & NoInfer<A>, Res, B>): Pipeline<Req, Res, A & B>;
  <A, B, C>(
    a: Step<Req, Res, A>,
    b: Step<Req & NoInfer<A>, Res, B>,
    c: Step<Req & NoInfer<A & B>, Res, C>,
  ): Pipeline<Req, Res, A & B & C>;
  <A, B, C, D>(
    a: Step<Req, Res, A>,
    b: Step<Req & NoInfer<A>, Res, B>,
    c: Step<Req & NoInfer<A & B>, Res, C>,
    d: Step<Req & NoInfer<A & B & C>, Res, D>,
  ): Pipeline<Req, Res, A & B & C & D>;
  <A, B, C, D, E>(
    a: Step<Req, Res, A>,
    b: Step<Req & NoInfer<A>, Res, B>,
    c: Step<Req & NoInfer<A & B>, Res, C>,
    d: Step<Req & NoInfer<A & B & C>, Res, D>,
    e: Step<Req & NoInfer<A & B & C & D>, Res, E>,
  ): Pipeline<Req, Res, A & B & C & D & E>;
  <A, B, C, D, E, F>(
    a: Step<Req, Res, A>,
    b: Step<Req & NoInfer<A>, Res, B>,
    c: Step<Req & NoInfer<A & B>, Res, C>,
    d: Step<Req & NoInfer<A & B & C>, Res, D>,
    e: Step<Req & NoInfer<A & B & C & D>, Res, E>,
    f: Step<Req & NoInfer<A & B & C & D & E>, Res, F>,
  ): Pipeline<Req, Res, A & B & C & D & E & F>;
}

/**
 * Several middlewares as one: `app.get('/orders', pipeline(authenticate, provide(loadUser), list))`. They may be async, and what they throw
 * goes to the error steps behind them (`onError`), or out. `next('route')` leaves all of them.
 *
 * @throws HTTP_OPTION_INVALID for a step that is no function
 */
export const pipeline: Pipelines<HttpRequest, ServerResponse> = (...steps: AnyMiddleware[]) => inOrder('pipeline()', steps);

/** The same for handlers that are typed by a framework, or need what stands in front: `pipelineOf<Request, Response>()(first, second)`. */
export function pipelineOf<Req, Res = ServerResponse>(): Pipelines<Req, Res> {
  return pipeline as unknown as Pipelines<Req, Res>;
}

/** A named group of middlewares that is one: `app.use(composite('security', helmet(), cors()))`. */
export type Composite<Adds> = Pipeline<HttpRequest, ServerResponse, Adds> & {
  /** The names of what is in it. */
  readonly parts: readonly string[];
};

type Together<S> = S extends readonly [infer First, ...infer Rest] ? AddsOf<First> & Together<Rest> : unknown;

export function composite<const S extends readonly AnyMiddleware[]>(name: string, ...steps: S): Composite<Together<S>> {
  const run = inOrder(`composite("${name}")`, steps);
  const parts = Object.freeze(steps.map((step) => step.name || 'anonymous'));
  Object.defineProperties(run, { name: { value: name, configurable: true }, parts: { value: parts, enumerable: true } });
  return run as Composite<Together<S>>;
}

const HANDLES_ERRORS: unique symbol = Symbol('handles errors');
type ErrorStep = RunStep & { readonly [HANDLES_ERRORS]?: (error: unknown, ...rest: Parameters<RunStep>) => unknown };

/** A step that gets what went wrong in those before it, and is passed over where nothing did. */
export function onError(
  handle: (error: unknown, req: HttpRequest, res: ServerResponse, next: Next) => unknown,
): Pipeline<HttpRequest, ServerResponse, unknown> {
  const step: RunStep = (_req, _res, next) => next();
  return Object.defineProperty(step, HANDLES_ERRORS, { value: handle }) as Pipeline<HttpRequest, ServerResponse, unknown>;
}

function inOrder(owner: string, given: readonly AnyMiddleware[]): Middleware {
  for (const step of given) {
    if (typeof step === 'function') continue;
    throw httpError('HTTP_OPTION_INVALID', `${owner} got ${show(step)} as a step; it takes middlewares: (req, res, next) => …`);
  }
  const steps = Object.freeze([...given]) as readonly ErrorStep[];
  return (req, res, next) => from(steps, 0, undefined, req, res, next);
}

/** Runs the steps from one on. `undefined` and `null` are no error, as in Express. */
function from(steps: readonly ErrorStep[], at: number, error: unknown, req: HttpRequest, res: ServerResponse, out: Next): void {
  const hasFailed = error !== undefined && error !== null;
  const isLeaving = error === 'route' || error === 'router';
  let index = at;
  while (index < steps.length && (steps[index]?.[HANDLES_ERRORS] !== undefined) !== hasFailed) index += 1;
  const step = steps[index];
  if (isLeaving || (step === undefined && hasFailed)) out(error);
  else if (step === undefined) out();
  else runStep(step, error, req, res, (problem) => from(steps, index + 1, problem, req, res, out), out);
}

function runStep(step: ErrorStep, error: unknown, req: HttpRequest, res: ServerResponse, goOn: Next, out: Next): void {
  let hasGoneOn = false;
  const next: Next = (problem) => {
    // Whoever goes on twice would have the rest run twice.
    if (hasGoneOn) return;
    hasGoneOn = true;
    goOn(problem);
  };
  // What fails after it has gone on is not lost either; what is behind runs already, so it goes out.
  const fail = (problem: unknown) => (hasGoneOn ? out : next)(problem ?? new Error('A middleware failed without saying why'));
  try {
    const handle = step[HANDLES_ERRORS];
    const ran = handle === undefined ? step(req, res, next) : handle(error, req, res, next);
    if (isThenable(ran)) ran.then(undefined, fail);
  } catch (problem) {
    fail(problem);
  }
}
