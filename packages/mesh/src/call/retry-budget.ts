import type { SlidingCounts } from '@express-micro/core';
import { CALLS, RETRIES } from '../directory/health.ts';
import type { RetryTunables } from './retry-options.ts';

/** Over how many seconds `recent` counts. */
const WINDOW_SECONDS = 10;

/**
 * Whether a service may get one more retry: a share of the calls to it lately, and a few a second besides. Without a budget
 * a service in trouble gets several times its load just then (Google SRE, "Addressing Cascading Failures").
 */
export function mayRetry(recent: SlidingCounts, nowMs: number, { budgetPercent, budgetPerSecond }: RetryTunables): boolean {
  const allowed = (recent.count(CALLS, nowMs) * budgetPercent) / 100 + budgetPerSecond * WINDOW_SECONDS;
  return recent.count(RETRIES, nowMs) + 1 <= allowed;
}
