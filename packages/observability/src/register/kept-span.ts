import { type Clock, systemClock } from '@express-micro/core';
import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus, TimeInput } from '../opentelemetry.ts';
import { TraceFlags } from '../opentelemetry.ts';
import type { Description } from '../tracing/described-later.ts';
import type { LightEvent, LightSpan } from './light-span.ts';
import { hrTimeDuration, hrTimeToMilliseconds, sanitizeAttributes, timeInputToHrTime } from './sdk-core.ts';
import type { ReadableSpan } from './sdk-trace.ts';

/** What OpenTelemetry allows one span by default. */
const MAX_ATTRIBUTES = 128;

const NONE: readonly never[] = Object.freeze([]);

/** Makes what exporters read of the spans that are kept. */
export function createKeptSpans(
  resource: ReadableSpan['resource'],
  clock: Clock = systemClock,
): (span: LightSpan) => ReadableSpan {
  const between = createBetween(clock);
  return (span) => new KeptSpan(span, resource, between());
}

/**
 * A span as exporters read it. Few spans are kept, so what keeps one runs seldom and costs twenty times what it costs in a row:
 * here stands what cannot wait, and the rest is made when spans are sent, many at a time.
 */
class KeptSpan implements ReadableSpan {
  readonly kind: SpanKind;
  readonly status: SpanStatus;
  readonly parentSpanContext?: SpanContext;
  readonly ended = true;
  readonly resource: ReadableSpan['resource'];
  readonly instrumentationScope: ReadableSpan['instrumentationScope'];
  readonly links: Link[];
  readonly events: ReadableSpan['events'];
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  private readonly context: SpanContext;
  private readonly began: TimeInput;
  private readonly over: TimeInput;
  private readonly betweenMs: number;
  private readonly given: Attributes | undefined;
  private readonly described: Description | undefined;
  private readonly givenName: string;
  private bounded: Bounded | undefined = undefined;

  constructor(span: LightSpan, resource: ReadableSpan['resource'], betweenMs: number) {
    const { parent, more, attributes } = span;
    // What describes the span holds its request; what it says does not.
    this.described = span.later?.();
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const context = { traceId, spanId, traceFlags: traceFlags | TraceFlags.SAMPLED };
    this.context = traceState === undefined ? context : { ...context, traceState };
    this.began = span.startTime;
    this.over = span.endTime as TimeInput;
    this.betweenMs = betweenMs;
    this.givenName = span.name;
    this.kind = span.kind;
    this.status = span.status;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.resource = resource;
    this.instrumentationScope = span.scope;
    // What is somebody's own may be another when it is sent.
    this.given = attributes === undefined || Object.isFrozen(attributes) ? attributes : sanitizeAttributes(attributes);
    this.links = more === undefined ? (NONE as unknown as Link[]) : more.links.map(keptLink);
    this.events = more === undefined ? (NONE as unknown as ReadableSpan['events']) : more.events.map((event) => this.kept(event));
    this.droppedEventsCount = more?.droppedEvents ?? 0;
    this.droppedLinksCount = more?.droppedLinks ?? 0;
  }

  spanContext(): SpanContext {
    return this.context;
  }

  get name(): string {
    return this.described?.name ?? this.givenName;
  }

  get startTime(): HrTime {
    return wallTime(this.began, this.betweenMs);
  }

  get endTime(): HrTime {
    return later(this.startTime, wallTime(this.over, this.betweenMs));
  }

  get duration(): HrTime {
    return hrTimeDuration(this.startTime, this.endTime);
  }

  get attributes(): Attributes {
    return this.bound().attributes;
  }

  get droppedAttributesCount(): number {
    return this.bound().dropped;
  }

  private bound(): Bounded {
    this.bounded ??= bounded({ ...this.given, ...this.described?.attributes });
    return this.bounded;
  }

  private kept({ name, attributes, time }: LightEvent): ReadableSpan['events'][number] {
    return { name, attributes: sanitizeAttributes(attributes), time: wallTime(time, this.betweenMs) };
  }
}

function keptLink({ context, attributes }: Link): Link {
  return { context, attributes: sanitizeAttributes(attributes) };
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

interface Bounded {
  readonly attributes: Attributes;
  readonly dropped: number;
}

function bounded(given: Attributes): Bounded {
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
 * Milliseconds between the clock that only goes forward and the time of day. The two drift apart, by a clock that is set or a
 * machine that slept, and spans of several processes stand beside each other in one trace.
 */
function createBetween(clock: Clock): () => number {
  const measure = () => clock.epochMs() - clock.monotonicMs();
  let betweenMs = measure();
  return () => {
    const nowMs = measure();
    if (Math.abs(nowMs - betweenMs) > SHIFT_MS) betweenMs = nowMs;
    return betweenMs;
  };
}

function wallTime(time: TimeInput, betweenMs: number): HrTime {
  if (typeof time !== 'number') return timeInputToHrTime(time);
  return asHrTime(isMonotonic(time) ? time + betweenMs : time);
}

/** The SDK's own asks Node for the beginning of its clock each time, which costs more than all else of a span. */
function asHrTime(ms: number): HrTime {
  return [Math.trunc(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
}
