import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { RedisInstrumentation } from '@opentelemetry/instrumentation-redis';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { redactUrl } from '../access-log/redact-url.ts';
import { createSecrets } from '../logging/secrets.ts';
import type { Attributes, Span } from '../opentelemetry.ts';

/** Calls of the mesh have spans of their own, over whatever they travel; and what members tell each other is nobody's request. */
const OF_THE_MESH = 'express-micro-';

type Instrumentation = { readonly instrumentationName: string };

/**
 * Spans for what an app asks of others: HTTP, PostgreSQL, Redis. Each only as part of something: a pool that pings its database
 * at night is no trace. Requests that come are `observability()`'s.
 */
export function createInstrumentations(without: ReadonlySet<string>): readonly Instrumentation[] {
  const makers: Readonly<Record<string, () => Instrumentation>> = {
    undici: () =>
      new UndiciInstrumentation({
        requireParentforSpans: true,
        ignoreRequestHook: ({ headers }) => isOfTheMesh(headers),
        requestHook: hideSecrets,
      }),
    http: () =>
      new HttpInstrumentation({
        disableIncomingRequestInstrumentation: true,
        requireParentforOutgoingSpans: true,
        requestHook: hideSecrets,
      }),
    pg: () => new PgInstrumentation({ requireParentSpan: true }),
    ioredis: () => new IORedisInstrumentation({ requireParentSpan: true }),
    redis: () => new RedisInstrumentation({ requireParentSpan: true }),
  };
  return Object.entries(makers).flatMap(([name, make]) => (without.has(name) ? [] : [make()]));
}

/** Modules that are changed when they are loaded; `undici` tells of its requests by itself. */
export const INSTRUMENTED_MODULES: readonly string[] = [
  'http',
  'https',
  'node:http',
  'node:https',
  'pg',
  'pg-pool',
  'ioredis',
  'redis',
  '@redis/client',
];

/** Of no app, so without the names that one may have given. */
const SECRETS = createSecrets({ keys: [], patterns: [], show: [] });

/** What stands in the URL of a request to somebody else, such as a key of theirs, is written down as our own logs have it. */
function hideSecrets(span: Span): void {
  // The API has no way to read what a span was given; the spans that our SDK makes have.
  const { attributes = {} } = span as Span & { readonly attributes?: Attributes };
  for (const name of ['url.full', 'url.query']) {
    const value = attributes[name];
    if (typeof value !== 'string') continue;
    const shown = redactUrl(value, SECRETS);
    if (shown !== value) span.setAttribute(name, shown);
  }
}

function isOfTheMesh(headers: string | readonly (string | readonly string[])[]): boolean {
  if (typeof headers === 'string') return headers.includes(OF_THE_MESH);
  for (let at = 0; at < headers.length; at += 2) if (String(headers[at]).startsWith(OF_THE_MESH)) return true;
  return false;
}
