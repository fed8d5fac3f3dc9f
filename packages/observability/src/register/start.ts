import { keepContext } from '@express-micro/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { context, DiagLogLevel, diag, propagation, trace } from '../opentelemetry.ts';
import { offerFlush } from '../tracing/flush.ts';
import { createExporter } from './exporter.ts';
import { createHeldSpans } from './held-spans.ts';
import { createInstrumentations } from './instrumentations.ts';
import { KeepingTracerProvider } from './keeping-tracer.ts';
import { createKeptSpans } from './kept-span.ts';
import type { LightSpan } from './light-span.ts';
import { hookImports } from './module-hook.ts';
import { createReports } from './reports.ts';
import { describeProcess } from './resource.ts';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from './sdk-core.ts';
import { BatchSpanProcessor } from './sdk-trace.ts';
import { readSettings, type Settings } from './settings.ts';
import { SharedContextManager } from './shared-contexts.ts';

const PROPAGATORS = { tracecontext: W3CTraceContextPropagator, baggage: W3CBaggagePropagator } as const;

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program that runs. */
  readonly main: string | undefined;
  readonly warn: (message: string) => void;
}

/** Starts OpenTelemetry's SDK in this process, unless it was told not to, or another one is there already. */
export function startTracing({ env, main, warn }: Surroundings): void {
  const settings = readSettings(env);
  for (const problem of settings.problems) warn(problem);
  if (settings.isDisabled) return;
  const reports = createReports(warn);
  diag.setLogger(reports.logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });

  const provider = createProvider(settings, env, main, reports.onDropped);
  if (!trace.setGlobalTracerProvider(provider)) {
    warn('another OpenTelemetry SDK was started before; its settings count, and these do not. Start one of the two.');
    return;
  }
  keepContext();
  context.setGlobalContextManager(new SharedContextManager());
  propagation.setGlobalPropagator(
    new CompositePropagator({
      propagators: settings.propagators.map((name) => new PROPAGATORS[name as keyof typeof PROPAGATORS]()),
    }),
  );
  hookImports();
  registerInstrumentations({ instrumentations: createInstrumentations(settings.withoutInstrumentations) as never });

  // Nobody else is told why the last ones could not be sent.
  const flush = () => provider.forceFlush().catch((error: unknown) => reports.onUnsent(error));
  offerFlush(flush);
  // A program that ends by itself: what is held is sent first.
  process.once('beforeExit', () => void flush());
}

function createProvider(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  main: string | undefined,
  onDropped: (spans: number) => void,
): KeepingTracerProvider {
  const { keep, ratio, isParentBased } = settings;
  const exporter = createExporter(settings);
  const sink = exporter && new BatchSpanProcessor(batchOptions(exporter, env));
  const kept = createKeptSpans(describeProcess(env, main));
  const onKept = (span: LightSpan) => sink?.onEnd(kept(span));
  const mayKeepLater = sink !== undefined && (keep.errors || keep.slowMs !== undefined);
  const held = mayKeepLater ? createHeldSpans({ keep, onKept, onDropped }) : undefined;
  return new KeepingTracerProvider({ ratio, isParentBased, onKept, sink, held });
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor */
function batchOptions(
  exporter: ConstructorParameters<typeof BatchSpanProcessor>[0]['exporter'],
  env: Readonly<Record<string, string | undefined>>,
): ConstructorParameters<typeof BatchSpanProcessor>[0] {
  const number = (name: string) => (Number(env[name]) > 0 ? Number(env[name]) : undefined);
  const delay = number('OTEL_BSP_SCHEDULE_DELAY');
  const timeout = number('OTEL_BSP_EXPORT_TIMEOUT');
  const queue = number('OTEL_BSP_MAX_QUEUE_SIZE');
  const batch = number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE');
  return {
    exporter,
    ...(delay !== undefined && { scheduledDelayMillis: delay }),
    ...(timeout !== undefined && { exportTimeoutMillis: timeout }),
    ...(queue !== undefined && { maxQueueSize: queue }),
    ...(batch !== undefined && { maxExportBatchSize: batch }),
  };
}
