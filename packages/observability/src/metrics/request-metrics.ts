// Hot path: every request passes here once, when it has ended. Its bench: bench/metrics-cost.mjs

import type { Clock } from '@express-micro/core';
import type { ObservedRequest, RequestObserver } from '../request/observed-request.ts';
import { OTHER } from './bounded-labels.ts';
import { Buckets } from './buckets.ts';
import type { Family, Sample } from './family.ts';
import { routePatternOf } from './route-pattern.ts';

/** Of RFC 9110 and RFC 5789, and QUERY; a client can send any other word. */
export const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  'TRACE',
  'CONNECT',
]);

/** What answered where no route did: nobody, or something that stands before the routes (static files, guards, the mesh). */
const NOT_FOUND = 'not_found';
const MIDDLEWARE = 'middleware';
/** What the instances of a mesh say to each other, by the name that express-micro has for it. */
const MESH_PATH = '/_discovery/';
const MESH = '/_discovery/*';

/** An app that makes routes while it runs would grow the table; the rest share one row. */
const MAX_ROUTES = 1_000;
/** A handler that answers with a status of its client's choice, likewise. */
const MAX_SERIES = 10_000;

const NAME = 'http_request_duration_seconds';

export interface RequestMetrics {
  readonly observer: RequestObserver;
  collect(): Family[];
}

/** By method and status: what is told apart within one route. */
type OfRoute = Map<string, Map<number, Buckets>>;

/**
 * Durations of requests by method, route and status, and how many are under way. The table is made of what the app declares,
 * and never of what a client sends, so it is as large as the app and no larger.
 */
export function createRequestMetrics(bounds: readonly number[], clock: Clock): RequestMetrics {
  const routes = new Map<string, OfRoute>();
  let series = 0;
  let inFlight = 0;

  function bucketsOf(route: string, method: string, status: number): Buckets {
    let ofRoute = routes.get(route);
    if (ofRoute === undefined) {
      if (routes.size >= MAX_ROUTES && route !== OTHER) return bucketsOf(OTHER, method, status);
      ofRoute = new Map();
      routes.set(route, ofRoute);
    }
    let ofMethod = ofRoute.get(method);
    if (ofMethod === undefined) {
      ofMethod = new Map();
      ofRoute.set(method, ofMethod);
    }
    let buckets = ofMethod.get(status);
    if (buckets === undefined) {
      if (series >= MAX_SERIES && status !== 0) return bucketsOf(OTHER, method, 0);
      series += 1;
      buckets = new Buckets(bounds);
      ofMethod.set(status, buckets);
    }
    return buckets;
  }

  return {
    observer: {
      name: 'The metrics of requests',
      began() {
        inFlight += 1;
      },
      ended(request) {
        inFlight -= 1;
        const status = statusOf(request.status);
        const method = METHODS.has(request.req.method ?? '') ? (request.req.method as string) : OTHER;
        const buckets = bucketsOf(routeOf(request, status), method, status);
        buckets.observeIn(request, request.durationMs / 1_000, clock);
      },
    },

    collect() {
      const samples: Sample[] = [];
      for (const [route, ofRoute] of routes) {
        for (const [method, ofMethod] of ofRoute) {
          for (const [status, buckets] of ofMethod) {
            samples.push(...buckets.samples(NAME, { method, route, status: status === 0 ? OTHER : String(status) }));
          }
        }
      }
      return [
        { name: NAME, help: 'Seconds until the answer to a request was out.', type: 'histogram', samples },
        {
          name: 'http_requests_in_flight',
          help: 'Requests that have come and are not answered.',
          type: 'gauge',
          samples: [{ name: 'http_requests_in_flight', labels: {}, value: inFlight }],
        },
      ];
    },
  };
}

function statusOf(status: number): number {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : 0;
}

function routeOf({ req, url }: ObservedRequest, status: number): string {
  const pattern = routePatternOf(req);
  if (pattern !== undefined) return pattern;
  if (url.startsWith(MESH_PATH)) return MESH;
  return status === 404 ? NOT_FOUND : MIDDLEWARE;
}
