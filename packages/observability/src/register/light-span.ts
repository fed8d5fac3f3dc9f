// Hot path: every span of a process that is traced. Its bench: bench/observed-cost.mjs

import { systemClock } from '@express-micro/core';
import type {
  Attributes,
  AttributeValue,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TimeInput,
} from '../opentelemetry.ts';
import { SpanKind, SpanStatusCode } from '../opentelemetry.ts';
import type { DescribedLater, Description } from '../tracing/described-later.ts';
import { isTimeInput } from './sdk-core.ts';
import type { ReadableSpan } from './sdk-trace.ts';

/** Who gives spans their ids, and is told of what becomes of them. */
export interface SpanKeeper {
  identify(span: LightSpan): SpanContext;
  /** Somebody has the ids of a span that is open. */
  known(span: LightSpan): void;
  ended(span: LightSpan): void;
}

/** What this process did for one trace, while it is not known whether it is kept. */
export interface HeldTrace {
  readonly spans: LightSpan[];
  /** Begun and not ended. */
  open: number;
  isWorthKeeping: boolean;
  isForgotten: boolean;
}

export interface LightEvent {
  readonly name: string;
  readonly attributes: Attributes | undefined;
  readonly time: TimeInput;
}

interface More {
  readonly events: LightEvent[];
  readonly links: Link[];
  droppedEvents: number;
  droppedLinks: number;
}

/**
 * A span that is written down and most likely thrown away: it keeps what it is given as it is, has ids when somebody asks for
 * them, and becomes what exporters read (`kept-span.ts`) only when it is kept. The SDK's own cost several times as much from
 * their first moment.
 */
export class LightSpan implements Span, DescribedLater {
  name: string;
  readonly kind: SpanKind;
  readonly parent: SpanContext | undefined;
  readonly scope: ReadableSpan['instrumentationScope'];
  readonly startTime: TimeInput;
  endTime: TimeInput | undefined = undefined;
  status: SpanStatus = UNSET;
  attributes: Attributes | undefined;
  /** Most spans have neither events nor links. */
  more: More | undefined = undefined;
  later: (() => Description) | undefined = undefined;
  /** The trace that it is held with, once others may know of it. */
  held: HeldTrace | undefined = undefined;
  /** Ids that it was given, as `request/ids-text.ts` has them. */
  readonly ids: string | undefined;
  private readonly keeper: SpanKeeper;
  private context: SpanContext | undefined = undefined;
  /** What was given at the beginning stays an object of its giver's until something is added. */
  private isOwn = false;

  constructor(
    keeper: SpanKeeper,
    scope: ReadableSpan['instrumentationScope'],
    name: string,
    { kind = SpanKind.INTERNAL, attributes, links, startTime }: SpanOptions,
    parent: SpanContext | undefined,
    ids?: string,
  ) {
    this.ids = ids;
    this.keeper = keeper;
    this.scope = scope;
    this.name = name;
    this.kind = kind;
    this.parent = parent;
    this.startTime = timeOf(startTime);
    this.attributes = attributes;
    if (links !== undefined) this.addLinks(links);
  }

  spanContext(): SpanContext {
    if (this.context === undefined) {
      this.context = this.keeper.identify(this);
      if (this.endTime === undefined) this.keeper.known(this);
    }
    return this.context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.endTime === undefined) this.own()[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.endTime === undefined) Object.assign(this.own(), attributes);
    return this;
  }

  /** See `DescribedLater`: named so in every copy of this package. */
  describeLater(describe: () => Description): void {
    if (this.endTime === undefined) this.later = describe;
  }

  private own(): Attributes {
    if (!this.isOwn) {
      this.attributes = { ...this.attributes };
      this.isOwn = true;
    }
    return this.attributes as Attributes;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.endTime !== undefined) return this;
    const isTime = isTimeInput(attributesOrTime);
    const at = isTime && !isTimeInput(time) ? attributesOrTime : time;
    this.more ??= noMore();
    const { more } = this;
    if (more.events.length >= MAX_EVENTS) {
      more.events.shift();
      more.droppedEvents += 1;
    }
    more.events.push({
      name,
      attributes: isTime ? undefined : (attributesOrTime as Attributes | undefined),
      time: timeOf(at),
    });
    return this;
  }

  addLink(link: Link): this {
    return this.addLinks([link]);
  }

  addLinks(links: Link[]): this {
    if (this.endTime !== undefined) return this;
    this.more ??= noMore();
    const { more } = this;
    for (const link of links) {
      if (more.links.length >= MAX_LINKS) {
        more.links.shift();
        more.droppedLinks += 1;
      }
      more.links.push(link);
    }
    return this;
  }

  /** What was said to be well stays so. https://opentelemetry.io/docs/specs/otel/trace/api/#set-status */
  setStatus({ code, message }: SpanStatus): this {
    if (this.endTime !== undefined || code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK) return this;
    this.status = code === SpanStatusCode.ERROR && typeof message === 'string' ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (this.endTime === undefined) this.name = name;
    return this;
  }

  end(endTime?: TimeInput): void {
    if (this.endTime !== undefined) return;
    this.endTime = timeOf(endTime);
    this.keeper.ended(this);
  }

  isRecording(): boolean {
    return this.endTime === undefined;
  }

  /** https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/, as the SDK has it: a code tells more than a class. */
  recordException(exception: Exception, time?: TimeInput): void {
    const { code, name, message, stack } =
      typeof exception === 'object' && exception !== null
        ? (exception as { code?: string | number; name?: string; message?: string; stack?: string })
        : { code: undefined, name: undefined, message: exception, stack: undefined };
    const attributes: Attributes = {};
    if (code || name) attributes['exception.type'] = String(code || name);
    if (message) attributes['exception.message'] = message;
    if (stack) attributes['exception.stacktrace'] = stack;
    if (code || name || message) this.addEvent('exception', attributes, time);
  }
}

const noMore = (): More => ({ events: [], links: [], droppedEvents: 0, droppedLinks: 0 });

/** Now, where none was given, or what is none. */
function timeOf(given: unknown): TimeInput {
  if (typeof given === 'number') return Number.isNaN(given) ? systemClock.monotonicMs() : given;
  return given !== undefined && isTimeInput(given) ? given : systemClock.monotonicMs();
}

const UNSET: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET });
/** What OpenTelemetry allows one span by default. */
const MAX_EVENTS = 128;
const MAX_LINKS = 128;
