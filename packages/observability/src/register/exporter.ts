import { createRequire } from 'node:module';
import { createOtlpHttpExporter, type TellingExporter } from './otlp-http.ts';
import { ConsoleSpanExporter, type SpanExporter } from './sdk-trace.ts';
import type { Settings } from './settings.ts';

const GRPC = '@opentelemetry/exporter-trace-otlp-grpc';

/**
 * Where spans go; address, headers, certificates and time-outs are read from `OTEL_EXPORTER_OTLP_*` by the exporters themselves.
 *
 * @throws an error that says what to install
 */
export function createExporter(
  { exporter, protocol }: Settings,
  onUnsent: (error: unknown) => void,
): TellingExporter | undefined {
  if (exporter === 'none') return undefined;
  if (exporter === 'console') return new ConsoleSpanExporter();
  if (protocol === 'http/protobuf') return createOtlpHttpExporter(onUnsent);
  return new (grpcExporter())();
}

/** It brings all of gRPC, so only those who want it install it. */
function grpcExporter(): new () => SpanExporter {
  try {
    return (createRequire(__filename)(GRPC) as { OTLPTraceExporter: new () => SpanExporter }).OTLPTraceExporter;
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and ${GRPC} is not installed: npm install ${GRPC}`, { cause });
  }
}
