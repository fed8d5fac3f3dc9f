import type { IncomingMessage } from 'node:http';
import { type Clock, type MeshPart, watchPart } from '@express-micro/core';
import type { Secrets } from '../logging/secrets.ts';
import { trace } from '../opentelemetry.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { inContext } from '../request/request-id.ts';
import { createCallSpans } from './call-spans.ts';
import type { ResolvedTracing } from './options.ts';
import { createRequestSpans, runInTrace } from './request-span.ts';
import { watchMiddleware } from './slow-middleware.ts';

/** Spans of an app: its requests, its calls to other services, and middleware that is slow. */
export interface Tracing {
  readonly observers: readonly RequestObserver[];
  /** Runs what serves a request in its context, and as part of its trace. */
  run(request: ObservedRequest, onward: () => void): void;
  close(): void;
}

export interface TracingSurroundings {
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** Makes spans where an SDK was started, and costs next to nothing where none was. */
export function createTracing(app: object, options: ResolvedTracing | false, { clock, secrets }: TracingSurroundings): Tracing {
  if (options === false) return { observers: [], run: inContext, close: () => {} };
  const { slowMiddlewareMs } = options;
  const look: (req: IncomingMessage) => void =
    slowMiddlewareMs === false ? () => {} : watchMiddleware(app, slowMiddlewareMs, clock);
  const unwatch = watchPart(app, 'mesh', (mesh: MeshPart) => {
    const stopCalls = mesh.observeCalls(createCallSpans(clock));
    const stopEjections = mesh.on('ejected', showEjection);
    return () => {
      stopCalls();
      stopEjections();
    };
  });
  return {
    observers: [createRequestSpans({ secrets })],
    run(request, onward) {
      look(request.req);
      runInTrace(request, onward);
    },
    close: unwatch,
  };
}

/** On the span of the request whose call was the last straw. */
function showEjection(ejection: unknown): void {
  const { service, instance, reason } = ejection as {
    readonly service: string;
    readonly instance: string;
    readonly reason: string;
  };
  trace.getActiveSpan()?.addEvent('express_micro.ejected', {
    'express_micro.service': service,
    'express_micro.instance': instance,
    'express_micro.reason': reason,
  });
}
