import { groupOption, type Option, OptionProblem } from '@express-micro/core';

/** What is traced. Where spans go, and how many, is the SDK's to say: see `@express-micro/observability/register`. */
export interface TracingOptions {
  /**
   * Milliseconds from which a middleware is shown as a span of its own; `false`: none is. Raising it shows fewer; lowering it
   * makes traces longer, and those that matter harder to find. @default 10
   */
  readonly slowMiddlewareMs?: number | false | undefined;
}

export interface ResolvedTracing {
  readonly slowMiddlewareMs: number | false;
}

const TABLE: { readonly [K in keyof ResolvedTracing]: Option<ResolvedTracing[K]> } = {
  slowMiddlewareMs: {
    takes: 'milliseconds from 1 to 60000, or false',
    fallback: () => 10,
    read: (value) => {
      if (value === false) return false;
      if (typeof value !== 'number' || !(value >= 1 && value <= 60_000)) throw new OptionProblem();
      return value;
    },
  },
};

export const tracingOption: Option<ResolvedTracing | false> = groupOption('tracing', TABLE);
