// Hot path: every span. Its bench: bench/observed-cost.mjs
import { type Random, systemRandom } from '@express-micro/core';
import { idsText, SPAN_AT, TRACE_AT } from '../request/ids-text.ts';

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const NO_TRACE = '0'.repeat(2 * TRACE_BYTES);
const NO_SPAN = '0'.repeat(2 * SPAN_BYTES);
/** Ids are pieces of one text, which is held for as long as one of them is: no more than some KB are wasted on one. */
const POOL = 64;

export interface Ids {
  /** Of a trace and its first span, as `request/ids-text.ts` has them. */
  draw(): string;
  drawSpanId(): string;
}

/**
 * Random ids, drawn many at a time. https://www.w3.org/TR/trace-context/#trace-id
 *
 * One of nothing but zeros is no id. It is looked for where they are drawn: to compare pieces of a text costs more than all else.
 */
export function createIds(random: Random = systemRandom): Ids {
  const form = idsText(NO_TRACE, NO_SPAN);
  const written = Buffer.from(form.repeat(POOL), 'latin1');
  let roots = '';
  let rootAt = 0;
  let spans = '';
  let spanAt = 0;

  function drawRoots(): void {
    const drawn = random.bytes(POOL * (TRACE_BYTES + SPAN_BYTES));
    let from = 0;
    for (let at = 0; at < written.length; at += form.length) {
      const isTrace = writeHex(drawn, from, TRACE_BYTES, written, at + TRACE_AT);
      const isSpan = writeHex(drawn, from + TRACE_BYTES, SPAN_BYTES, written, at + SPAN_AT);
      if (!isTrace || !isSpan) {
        drawRoots();
        return;
      }
      from += TRACE_BYTES + SPAN_BYTES;
    }
    roots = written.latin1Slice();
    rootAt = 0;
  }

  function drawSpans(): void {
    spans = random.bytes(POOL * SPAN_BYTES).toString('hex');
    spanAt = 0;
    if (spans.includes(NO_SPAN)) drawSpans();
  }

  return {
    draw() {
      if (rootAt >= roots.length) drawRoots();
      rootAt += form.length;
      return roots.slice(rootAt - form.length, rootAt);
    },
    drawSpanId() {
      if (spanAt >= spans.length) drawSpans();
      spanAt += NO_SPAN.length;
      return spans.slice(spanAt - NO_SPAN.length, spanAt);
    },
  };
}

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

/** Answers whether it is more than zeros. */
function writeHex(bytes: Buffer, from: number, length: number, to: Buffer, at: number): boolean {
  let all = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i] as number;
    all |= byte;
    to[at + 2 * i] = DIGITS[byte >> 4] as number;
    to[at + 2 * i + 1] = DIGITS[byte & 15] as number;
  }
  return all !== 0;
}
