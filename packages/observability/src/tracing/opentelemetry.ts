/** The one file that names OpenTelemetry's API. It is what libraries may use: without an SDK it does nothing. */
export {
  type Attributes,
  type Context as OtelContext,
  context,
  DiagLogLevel,
  diag,
  isValidTraceId,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
