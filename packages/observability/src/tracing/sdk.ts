import { currentBeside, runBeside } from '@express-micro/core';
import { context, INVALID_SPAN_CONTEXT, type OtelContext, ROOT_CONTEXT, type Tracer, trace } from '../opentelemetry.ts';
import { aroundSpan } from './around-span.ts';
import { ownSdk, type RootSpans } from './own-sdk.ts';

const NAME = '@express-micro/observability';

/** What was started in this process: by `@express-micro/observability/register`, by a line of yours, or by an agent. */
export interface Sdk {
  readonly tracer: Tracer;
  readonly isOurs: boolean;
  /** Of ours, where contexts are shared with it. */
  readonly roots: RootSpans | undefined;
  /** Whether OpenTelemetry's contexts are kept beside ours: `register` has it so, where it uses the same copy of core. */
  readonly sharesContexts: boolean;
}

interface MayDelegate {
  getDelegateTracer?(name: string): Tracer | undefined;
}

let found: Sdk | undefined;

/** `undefined` until one was started, so that nobody pays for spans that go nowhere. */
export function sdkOfProcess(): Sdk | undefined {
  if (found !== undefined) return found;
  const provider = trace.getTracerProvider();
  const { getDelegateTracer } = provider as MayDelegate;
  if (typeof getDelegateTracer === 'function' && getDelegateTracer.call(provider, NAME) === undefined) return undefined;
  const sharesContexts = runBeside(PROBE, () => context.active() === PROBE);
  const own = ownSdk();
  const roots = sharesContexts ? own?.roots : undefined;
  found = { tracer: trace.getTracer(NAME), isOurs: own !== undefined, roots, sharesContexts };
  return found;
}

export function tracerOfSdk(): Tracer | undefined {
  return sdkOfProcess()?.tracer;
}

/** What is active now. The API looks up who keeps contexts each time, which costs more than all else of it. */
export function activeContext({ sharesContexts }: Sdk): OtelContext {
  return sharesContexts ? ((currentBeside() as OtelContext | undefined) ?? ROOT_CONTEXT) : context.active();
}

const PROBE: OtelContext = aroundSpan(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), ROOT_CONTEXT);
