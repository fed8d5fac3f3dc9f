import { type Clock, systemClock } from '@express-micro/core';
import type { Attributes, HrTime, SpanContext, TimeInput } from '../opentelemetry.ts';
import { TraceFlags } from '../opentelemetry.ts';
import type { LightSpan } from './light-span.ts';
import { hrTimeDuration, hrTimeToMilliseconds, sanitizeAttributes, timeInputToHrTime } from './sdk-core.ts';
import type { ReadableSpan } from './sdk-trace.ts';

/** What OpenTelemetry allows one span by default. */
const MAX_ATTRIBUTES = 128;

/** Makes what exporters read of the spans that are kept. */
export function createKeptSpans(
  resource: ReadableSpan['resource'],
  clock: Clock = systemClock,
): (span: LightSpan) => ReadableSpan {
  const wallTime = createWallTime(clock);
  return (span) => {
    const context = span.spanContext();
    const spanContext: SpanContext = { ...context, traceFlags: context.traceFlags | TraceFlags.SAMPLED };
    const described = span.later?.();
    const { attributes, dropped } = bounded({ ...span.attributes, ...described?.attributes });
    const startTime = wallTime(span.startTime);
    const endTime = later(startTime, wallTime(span.endTime as TimeInput));
    return {
      name: described?.name ?? span.name,
      kind: span.kind,
      spanContext: () => spanContext,
      ...(span.parent !== undefined && { parentSpanContext: span.parent }),
      startTime,
      endTime,
      duration: hrTimeDuration(startTime, endTime),
      status: span.status,
      attributes,
      links: (span.more?.links ?? []).map(({ context: to, attributes: given }) => ({
        context: to,
        attributes: sanitizeAttributes(given),
      })),
      events: (span.more?.events ?? []).map(({ name, attributes: given, time }) => ({
        name,
        attributes: sanitizeAttributes(given),
        time: wallTime(time),
      })),
      ended: true,
      resource,
      instrumentationScope: span.scope,
      droppedAttributesCount: dropped,
      droppedEventsCount: span.more?.droppedEvents ?? 0,
      droppedLinksCount: span.more?.droppedLinks ?? 0,
    };
  };
}

/** Milliseconds from the beginning of a span that has ended to its end. */
export function durationOf({ startTime, endTime }: LightSpan): number {
  if (typeof startTime === 'number' && typeof endTime === 'number' && isMonotonic(startTime) === isMonotonic(endTime))
    return endTime - startTime;
  return hrTimeToMilliseconds(hrTimeDuration(timeInputToHrTime(startTime), timeInputToHrTime(endTime as TimeInput)));
}

function later(start: HrTime, end: HrTime): HrTime {
  return end[0] < start[0] || (end[0] === start[0] && end[1] < start[1]) ? start : end;
}

function bounded(given: Attributes): { readonly attributes: Attributes; readonly dropped: number } {
  const attributes = sanitizeAttributes(given);
  const names = Object.keys(attributes);
  if (names.length <= MAX_ATTRIBUTES) return { attributes, dropped: 0 };
  for (const name of names.slice(MAX_ATTRIBUTES)) delete attributes[name];
  return { attributes, dropped: names.length - MAX_ATTRIBUTES };
}

/** Below: milliseconds of a clock that only goes forward; above: those since the epoch, from 1986 on. */
const EPOCH_FROM_MS = 5e11;

function isMonotonic(time: number): boolean {
  return time < EPOCH_FROM_MS;
}

/** Closer than this the two clocks agree: what shows the time in whole milliseconds tells no more. */
const SHIFT_MS = 5;

/**
 * Times of the clock that only goes forward, as those of day. The two drift apart, by a clock that is set or a machine that
 * slept, and spans of several processes stand beside each other in one trace.
 */
function createWallTime(clock: Clock): (time: TimeInput) => HrTime {
  const measure = () => clock.epochMs() - clock.monotonicMs();
  let betweenMs = measure();
  return (time) => {
    if (typeof time !== 'number') return timeInputToHrTime(time);
    if (!isMonotonic(time)) return asHrTime(time);
    const nowMs = measure();
    if (Math.abs(nowMs - betweenMs) > SHIFT_MS) betweenMs = nowMs;
    return asHrTime(time + betweenMs);
  };
}

/** The SDK's own asks Node for the beginning of its clock each time, which costs more than all else of a span. */
function asHrTime(ms: number): HrTime {
  return [Math.trunc(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
}
