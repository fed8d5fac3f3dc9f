// Hot path: every step that somebody runs in a context of OpenTelemetry. Its bench: bench/observed-cost.mjs

import { currentBeside, enterBeside, runBeside } from '@express-micro/core';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type OtelContext, ROOT_CONTEXT } from '../opentelemetry.ts';

/**
 * Keeps OpenTelemetry's contexts beside those of requests, in one store of `AsyncLocalStorage`: before Node 24 each costs every
 * asynchronous step of the process, and a request makes a dozen of them.
 */
export class SharedContextManager extends AsyncLocalStorageContextManager {
  override active(): OtelContext {
    return (currentBeside() as OtelContext | undefined) ?? ROOT_CONTEXT;
  }

  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: OtelContext,
    run: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return runBeside(context, () => run.apply(thisArg, args));
  }

  override attach(context: OtelContext): { dispose(): void } {
    const before = currentBeside();
    enterBeside(context);
    let isOver = false;
    return {
      dispose() {
        if (!isOver) enterBeside(before);
        isOver = true;
      },
    };
  }
}
