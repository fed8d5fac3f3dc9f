// Hot path: every span of a process that is traced. Its bench: bench/tracing-cost.mjs

import { type OtelContext, TraceFlags, trace } from '../tracing/opentelemetry.ts';
import { type Sampler, SamplingDecision, type SamplingResult, TraceIdRatioBasedSampler } from './sdk-trace.ts';

/** `SAMPLED`: kept whatever happens. `RECORD`: written down, and kept or not when it is known what became of it. */
const KEPT: SamplingResult = Object.freeze({ decision: SamplingDecision.RECORD_AND_SAMPLED });
const RECORDED: SamplingResult = Object.freeze({ decision: SamplingDecision.RECORD });
const DROPPED: SamplingResult = Object.freeze({ decision: SamplingDecision.NOT_RECORD });

interface KeepingSamplerOptions {
  readonly ratio: number;
  readonly isParentBased: boolean;
  /** Whether what is not kept from the beginning may be kept at the end. */
  readonly mayKeepLater: boolean;
}

/**
 * A share of all traces, decided by their id and so alike in every process; the rest is written down where it may turn out to
 * be worth keeping: see `KeepingProcessor`.
 */
export function createKeepingSampler({ ratio, isParentBased, mayKeepLater }: KeepingSamplerOptions): Sampler {
  const byId = new TraceIdRatioBasedSampler(ratio);
  const otherwise = mayKeepLater ? RECORDED : DROPPED;
  return {
    shouldSample(context: OtelContext, traceId: string) {
      const parent = trace.getSpanContext(context);
      // Within a process a span goes the way of its parent, whatever the sampler: half a trace is none.
      const decides = parent !== undefined && (isParentBased || parent.isRemote !== true);
      const isKept = decides
        ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0
        : byId.shouldSample(context, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
      return isKept ? KEPT : otherwise;
    },
    toString: () => `KeepingSampler{${ratio}}`,
  };
}
