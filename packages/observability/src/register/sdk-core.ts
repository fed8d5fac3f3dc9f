/** The one file that names the SDK's core. */
export {
  CompositePropagator,
  ExportResultCode,
  hrTimeDuration,
  hrTimeToMilliseconds,
  isTimeInput,
  isTracingSuppressed,
  sanitizeAttributes,
  timeInputToHrTime,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
