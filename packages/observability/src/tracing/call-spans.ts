// Hot path: every call of an app that is traced. Its bench: bench/observed-cost.mjs

import type { AttemptEnd, CallEnd, CallObserver, CallWatch, Clock, ObservedAttempt, ObservedCall } from '@express-micro/core';
import {
  type Attributes,
  context,
  type OtelContext,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '../opentelemetry.ts';
import { aroundSpan } from './around-span.ts';
import { tracerOfSdk } from './sdk.ts';

const SYSTEM = 'express-micro';

/**
 * A span for each attempt of a call to another service, so that a retry is seen as what it is; one for the call where nothing
 * could be sent. It travels with the attempt, over HTTP, a link, or within the process.
 * https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 */
export function createCallSpans(clock: Clock): CallObserver {
  return {
    begin(call) {
      const tracer = tracerOfSdk();
      return tracer === undefined ? undefined : watch(tracer, call, clock);
    },
  };
}

function watch(tracer: Tracer, call: ObservedCall, clock: Clock): CallWatch {
  // Of the moment in which the call was made: what comes later comes from timers and sockets.
  const parent = context.active();
  let attempts = 0;
  return {
    attempt(attempt) {
      attempts += 1;
      const span = tracer.startSpan(nameOf(call), { kind: SpanKind.CLIENT, attributes: ofAttempt(call, attempt) }, parent);
      const headers: Record<string, string> = {};
      propagation.inject(aroundSpan(span, parent), headers);
      return { headers, end: (end) => endAttempt(span, end) };
    },
    end(end) {
      if (attempts === 0) showUnsent(tracer, call, end, parent, clock.epochMs());
    },
  };
}

function showUnsent(tracer: Tracer, call: ObservedCall, end: CallEnd, parent: OtelContext, endedAtMs: number): void {
  const startTime = endedAtMs - end.durationMs;
  const span = tracer.startSpan(nameOf(call), { kind: SpanKind.CLIENT, startTime, attributes: ofCall(call) }, parent);
  fail(span, end.errorType, end.error);
  span.end(endedAtMs);
}

function nameOf({ service, function: name }: ObservedCall): string {
  return `${service}/${name}`;
}

function ofCall({ service, function: name, method, route, requestId }: ObservedCall): Attributes {
  return {
    'rpc.system.name': SYSTEM,
    'rpc.method': `${service}/${name}`,
    'express_micro.request_id': requestId,
    ...(method !== undefined && { 'http.request.method': method }),
    ...(route !== undefined && { 'url.template': route }),
  };
}

function ofAttempt(call: ObservedCall, { number, instance, url }: ObservedAttempt): Attributes {
  const attributes = ofCall(call);
  attributes['express_micro.instance'] = instance;
  const at = url.lastIndexOf(':');
  attributes['server.address'] = url.slice(url.indexOf('//') + 2, at);
  attributes['server.port'] = Number(url.slice(at + 1));
  if (number > 1) attributes['http.request.resend_count'] = number - 1;
  return attributes;
}

function endAttempt(span: Span, { status, errorType, error, transport }: AttemptEnd): void {
  if (!span.isRecording()) return;
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (transport !== undefined) span.setAttribute('express_micro.transport', transport);
  fail(span, errorType, error);
  span.end();
}

function fail(span: Span, errorType: string | undefined, error: unknown): void {
  if (errorType === undefined) return;
  span.setAttribute('error.type', errorType);
  const message = error instanceof Error ? { message: error.message } : {};
  span.setStatus({ code: SpanStatusCode.ERROR, ...message });
}
