import type { Attributes } from '../opentelemetry.ts';

/** A span that asks for attributes only when somebody reads them: those of `register`, for what is probably thrown away. */
export interface DescribedLater {
  describeLater(attributes: () => Attributes): void;
}
