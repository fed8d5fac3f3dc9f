import type { IncomingMessage } from 'node:http';
import { type Clock, type MeshPart, watchPart } from '@express-micro/core';
import type { Secrets } from '../logging/secrets.ts';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { createCallSpans } from './call-spans.ts';
import type { ResolvedTracing } from './options.ts';
import { createRequestSpans, runInTrace } from './request-span.ts';
import { watchMiddleware } from './slow-middleware.ts';

/** Spans of an app: its requests, its calls to other services, and middleware that is slow. */
export interface Tracing {
  readonly observers: readonly RequestObserver[];
  /** Runs what serves a request as part of its trace. */
  run(request: ObservedRequest, onward: () => void): void;
  close(): void;
}

export interface TracingSurroundings {
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** Makes spans where an SDK was started, and costs next to nothing where none was. */
export function createTracing(app: object, options: ResolvedTracing | false, { clock, secrets }: TracingSurroundings): Tracing {
  if (options === false) return { observers: [], run: (_request, onward) => onward(), close: () => {} };
  const { slowMiddlewareMs } = options;
  const look: (req: IncomingMessage) => void =
    slowMiddlewareMs === false ? () => {} : watchMiddleware(app, slowMiddlewareMs, clock);
  const unwatch = watchPart(app, 'mesh', (mesh: MeshPart) => mesh.observeCalls(createCallSpans(clock)));
  return {
    observers: [createRequestSpans({ secrets })],
    run(request, onward) {
      look(request.req);
      runInTrace(request, onward);
    },
    close: unwatch,
  };
}
