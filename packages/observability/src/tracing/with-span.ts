import { type Attributes, type Span, SpanStatusCode, trace } from '../opentelemetry.ts';

const NAME = '@express-micro/observability';

/**
 * A span of your own around `run`: the child of the span in which it is called, and the parent of what it does.
 *
 * ```ts
 * await withSpan('checkout.process', { 'user.id': user.id }, async (span) => {
 *   const order = await checkout(cart);
 *   span.setAttribute('order.id', order.id);
 * });
 * ```
 *
 * What `run` throws is recorded on the span, which then counts as failed, and thrown on. Without an SDK `run` just runs.
 */
export function withSpan<T>(name: string, attributes: Attributes, run: (span: Span) => T): T {
  return trace.getTracer(NAME).startActiveSpan(name, { attributes }, (span) => {
    try {
      const result = run(span);
      if (!isThenable(result)) {
        span.end();
        return result;
      }
      return result.then(
        (value) => {
          span.end();
          return value;
        },
        (error: unknown) => {
          failed(span, error);
          throw error;
        },
      ) as T;
    } catch (error) {
      failed(span, error);
      throw error;
    }
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function failed(span: Span, error: unknown): void {
  try {
    tell(span, error);
  } catch {
    // What cannot be read is thrown on as it is.
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function tell(span: Span, error: unknown): void {
  const known = error instanceof Error ? error : new Error(String(error));
  span.recordException(known);
  const { code } = known as { code?: unknown };
  span.setAttribute('error.type', code === undefined ? known.name : String(code));
  const { status } = known as { status?: unknown };
  if (typeof status === 'number') span.setAttribute('http.response.status_code', status);
  span.setStatus({ code: SpanStatusCode.ERROR, message: known.message });
}
