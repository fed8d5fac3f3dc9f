// Hot path: every span. Its bench: bench/observed-cost.mjs
import { type Random, systemRandom } from '@express-micro/core';

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const POOL_BYTES = 4_096;

export interface Ids {
  generateTraceId(): string;
  generateSpanId(): string;
}

/** Random ids, drawn many at a time. https://www.w3.org/TR/trace-context/#trace-id */
export function createIds(random: Random = systemRandom): Ids {
  let pool = Buffer.alloc(0);
  let at = 0;

  function take(bytes: number): string {
    if (at + bytes > pool.length) {
      pool = Buffer.from(random.bytes(POOL_BYTES));
      at = 0;
    }
    const id = pool.toString('hex', at, at + bytes);
    at += bytes;
    // One of nothing but zeros is no id.
    return /[^0]/.test(id) ? id : take(bytes);
  }
  return { generateTraceId: () => take(TRACE_BYTES), generateSpanId: () => take(SPAN_BYTES) };
}
