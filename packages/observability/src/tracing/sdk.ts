import { type Tracer, trace } from '../opentelemetry.ts';

const NAME = '@express-micro/observability';

interface MayDelegate {
  getDelegateTracer?(name: string): Tracer | undefined;
}

let found: Tracer | undefined;

/**
 * The tracer, once an SDK was started in this process: by `@express-micro/observability/register`, by one of yours, or by an
 * agent. `undefined` until then, so that nobody pays for spans that go nowhere.
 */
export function tracerOfSdk(): Tracer | undefined {
  if (found !== undefined) return found;
  const provider = trace.getTracerProvider();
  const { getDelegateTracer } = provider as MayDelegate;
  if (typeof getDelegateTracer === 'function' && getDelegateTracer.call(provider, NAME) === undefined) return undefined;
  found = trace.getTracer(NAME);
  return found;
}
