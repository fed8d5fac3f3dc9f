// Hot path: every span. Its bench: bench/observed-cost.mjs
import { type Random, systemRandom } from '@express-micro/core';

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
/** Of 85 requests. Ids are pieces of one text, which is held for as long as one of them is: no more than this is wasted on one. */
const POOL_BYTES = 2_048;

export interface Ids {
  generateTraceId(): string;
  generateSpanId(): string;
}

/** Random ids, drawn many at a time. https://www.w3.org/TR/trace-context/#trace-id */
export function createIds(random: Random = systemRandom): Ids {
  let pool = '';
  let at = 0;

  function take(digits: number, none: string): string {
    if (at + digits > pool.length) {
      pool = random.bytes(POOL_BYTES).toString('hex');
      at = 0;
    }
    const id = pool.slice(at, at + digits);
    at += digits;
    return id === none ? take(digits, none) : id;
  }
  return { generateTraceId: () => take(TRACE_DIGITS, NO_TRACE), generateSpanId: () => take(SPAN_DIGITS, NO_SPAN) };
}

/** One of nothing but zeros is no id. */
const NO_TRACE = '0'.repeat(TRACE_DIGITS);
const NO_SPAN = '0'.repeat(SPAN_DIGITS);
