import { keepContext, settlesWithin, systemClock } from '@express-micro/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { context, DiagLogLevel, diag, propagation, trace } from '../opentelemetry.ts';
import { offerSdk } from '../tracing/own-sdk.ts';
import { createExporter } from './exporter.ts';
import { createHeldSpans } from './held-spans.ts';
import { createInstrumentations } from './instrumentations.ts';
import { KeepingTracerProvider, type SpanSink } from './keeping-tracer.ts';
import { createKeptSpans } from './kept-span.ts';
import type { LightSpan } from './light-span.ts';
import { hookImports } from './module-hook.ts';
import type { TellingExporter } from './otlp-http.ts';
import { createReports } from './reports.ts';
import { describeProcess } from './resource.ts';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from './sdk-core.ts';
import { BatchSpanProcessor, type ReadableSpan } from './sdk-trace.ts';
import { readSettings, type Settings } from './settings.ts';
import { SharedContextManager } from './shared-contexts.ts';

const FLUSH_LIMIT_MS = 3_000;

const PROPAGATORS = { tracecontext: W3CTraceContextPropagator, baggage: W3CBaggagePropagator } as const;

type Environment = Readonly<Record<string, string | undefined>>;

interface Surroundings {
  readonly env: Environment;
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

  const exporter = createExporter(settings, reports.onUnsent);
  const provider = createProvider(settings, exporter, describeProcess(env, main), env, reports.onDropped);
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
  const flush = () => provider.forceFlush().catch(reports.onUnsent);
  offerSdk({ flush, roots: provider });
  // A program that ends by itself: what is held is sent first.
  process.once('beforeExit', () => void flush());
}

function createProvider(
  { keep, ratio, isParentBased }: Settings,
  exporter: TellingExporter | undefined,
  resource: ReadableSpan['resource'],
  env: Environment,
  onDropped: (spans: number) => void,
): KeepingTracerProvider {
  const batch = exporter && new BatchSpanProcessor(batchOptions(exporter, env));
  const kept = createKeptSpans(resource);
  const onKept = (span: LightSpan) => batch?.onEnd(kept(span));
  const mayKeepLater = batch !== undefined && (keep.errors || keep.slowMs !== undefined);
  const held = mayKeepLater ? createHeldSpans({ keep, onKept, onDropped }) : undefined;
  return new KeepingTracerProvider({ ratio, isParentBased, onKept, sink: batch && exporter && sinkOf(batch, exporter), held });
}

/** What the processor has handed on may still be on its way. Bounded, because nobody may be there to take it. */
function sinkOf(batch: BatchSpanProcessor, exporter: TellingExporter): SpanSink {
  async function send(): Promise<void> {
    await batch.forceFlush();
    await exporter.forceFlush?.();
  }
  return {
    async forceFlush() {
      const sent = send();
      if (await settlesWithin(systemClock, FLUSH_LIMIT_MS, sent)) await sent;
      else throw exporter.problem ?? new Error(`not all could be sent within ${FLUSH_LIMIT_MS} ms`);
    },
    shutdown: () => batch.shutdown(),
  };
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor */
function batchOptions(
  exporter: ConstructorParameters<typeof BatchSpanProcessor>[0]['exporter'],
  env: Environment,
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
