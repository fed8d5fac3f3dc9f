import type { Attributes } from '../opentelemetry.ts';

/** What somebody knows of a span and does not say before he is asked, which may be when it is sent: it holds nothing large. */
export interface Description {
  /** `undefined`: no better one than it has. */
  readonly name: string | undefined;
  readonly attributes: Attributes;
}

/** A span that asks what it is only when somebody reads it: those of `register`, most of which are thrown away. */
export interface DescribedLater {
  describeLater(describe: () => Description): void;
}
