// Hot path: every span of a trace that is probably not kept. Its bench: bench/observed-cost.mjs

import { systemClock } from '@express-micro/core';
import type {
  Attributes,
  AttributeValue,
  Exception,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '../opentelemetry.ts';
import { SpanStatusCode, TraceFlags } from '../opentelemetry.ts';
import type { DescribedLater } from '../tracing/described-later.ts';
import { hrTimeDuration, sanitizeAttributes, timeInputToHrTime } from './sdk-core.ts';
import type { ReadableSpan } from './sdk-trace.ts';

/** Who is told of a span's life. */
export interface LightSpans {
  ended(span: LightSpan): void;
}

interface Origin {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly attributes: Attributes | undefined;
  readonly links: readonly Link[] | undefined;
  readonly startTime: TimeInput | undefined;
}

interface LightEvent {
  readonly name: string;
  readonly attributes: Attributes | undefined;
  readonly time: TimeInput;
}

/**
 * A span that is written down and most likely thrown away: it keeps what it is given as it is, and becomes what exporters
 * read only when it is kept. The SDK's own spans cost several times as much from their first moment.
 */
export class LightSpan implements Span, DescribedLater {
  name: string;
  readonly kind: SpanKind;
  readonly parent: SpanContext | undefined;
  status: SpanStatus = UNSET;
  private readonly context: SpanContext;
  private readonly spans: LightSpans;
  private readonly startTime: TimeInput;
  private endTime: TimeInput | undefined = undefined;
  private attributes: Attributes | undefined;
  /** What was given at once stays an object of its giver's until something is added. */
  private isOwn = false;
  private later: (() => Attributes) | undefined = undefined;
  private links: Link[] | undefined;
  private events: LightEvent[] | undefined = undefined;

  constructor(spans: LightSpans, { name, kind, context, parent, attributes, links, startTime }: Origin) {
    this.spans = spans;
    this.name = name;
    this.kind = kind;
    this.context = context;
    this.parent = parent;
    this.attributes = attributes;
    this.links = links === undefined ? undefined : [...links];
    this.startTime = startTime ?? systemClock.monotonicMs();
  }

  spanContext(): SpanContext {
    return this.context;
  }

  attribute(key: string): AttributeValue | undefined {
    return this.attributes?.[key];
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.endTime === undefined) this.own()[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.endTime !== undefined) return this;
    if (this.attributes === undefined) this.attributes = attributes;
    else Object.assign(this.own(), attributes);
    return this;
  }

  /** See `DescribedLater`: named so in every copy of this package. */
  describeLater(attributes: () => Attributes): void {
    if (this.endTime === undefined) this.later = attributes;
  }

  private own(): Attributes {
    if (!this.isOwn) {
      this.attributes = { ...this.attributes };
      this.isOwn = true;
    }
    return this.attributes as Attributes;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.endTime !== undefined || (this.events?.length ?? 0) >= MAX_EVENTS) return this;
    const isTime = isTimeInput(attributesOrTime);
    this.events ??= [];
    this.events.push({
      name,
      attributes: isTime ? undefined : attributesOrTime,
      time: (isTime ? attributesOrTime : time) ?? systemClock.monotonicMs(),
    });
    return this;
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    this.links ??= [];
    if (this.endTime === undefined && this.links.length + links.length <= MAX_LINKS) this.links.push(...links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.endTime === undefined) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (this.endTime === undefined) this.name = name;
    return this;
  }

  end(endTime?: TimeInput): void {
    if (this.endTime !== undefined) return;
    this.endTime = endTime ?? systemClock.monotonicMs();
    this.spans.ended(this);
  }

  isRecording(): boolean {
    return this.endTime === undefined;
  }

  /** https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/ */
  recordException(exception: Exception, time?: TimeInput): void {
    const { name, message, stack } =
      typeof exception === 'string' ? ({ message: exception } as { name?: string; message?: string; stack?: string }) : exception;
    this.addEvent('exception', { 'exception.type': name, 'exception.message': message, 'exception.stacktrace': stack }, time);
  }

  /** Milliseconds from its beginning to its end. */
  durationMs(): number {
    const [seconds, nanos] = this.duration();
    return seconds * 1_000 + nanos / 1e6;
  }

  private duration(): HrTime {
    return hrTimeDuration(timeInputToHrTime(this.startTime), timeInputToHrTime(this.endTime as TimeInput));
  }

  /** As exporters read it, kept. */
  kept(resource: ReadableSpan['resource'], instrumentationScope: ReadableSpan['instrumentationScope']): ReadableSpan {
    const spanContext: SpanContext = { ...this.context, traceFlags: TraceFlags.SAMPLED };
    return {
      name: this.name,
      kind: this.kind,
      spanContext: () => spanContext,
      ...(this.parent !== undefined && { parentSpanContext: this.parent }),
      startTime: timeInputToHrTime(this.startTime),
      endTime: timeInputToHrTime(this.endTime as TimeInput),
      status: this.status,
      attributes: sanitizeAttributes({ ...this.attributes, ...this.later?.() }),
      links: (this.links ?? []).map(({ context, attributes }) => ({ context, attributes: sanitizeAttributes(attributes) })),
      events: (this.events ?? []).map(({ name, attributes, time }) => ({
        name,
        attributes: sanitizeAttributes(attributes),
        time: timeInputToHrTime(time),
      })),
      duration: this.duration(),
      ended: true,
      resource,
      instrumentationScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

const UNSET: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET });
/** What OpenTelemetry allows one span by default. */
const MAX_EVENTS = 128;
const MAX_LINKS = 128;

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value);
}
