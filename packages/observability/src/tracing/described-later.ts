import type { Attributes } from './opentelemetry.ts';

/** Known to both entries of this package, which share nothing else. */
export const DESCRIBE: unique symbol = Symbol.for('express-micro.describe-span') as never;

/** A span that asks for attributes only when somebody reads them. */
export interface DescribedLater {
  [DESCRIBE](attributes: () => Attributes): void;
}
