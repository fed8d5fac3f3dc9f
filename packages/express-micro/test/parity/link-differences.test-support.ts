import type { Kit } from './parity.test-support.ts';

interface Difference {
  readonly why: string;
  /** On the other version it is the same. */
  readonly only?: Kit['version'];
}

/** By topic and name of the case. */
export type Differences = Readonly<Record<string, Difference>>;

const OF_BOTH: Differences = {
  'errors: an error after the end': { why: 'the request is aborted and the response never finishes' },
  'lifetimes: order of events, a body': {
    why: 'the body is there with the head, so the request is complete when it is answered',
  },
  'lifetimes: the request is destroyed': { why: 'the response closes before the request' },
  'lifetimes: listeners': { why: 'Node itself does not listen for finish' },
};

/**
 * What is not the same over the link, and is known not to be. Each case runs and has to differ: as soon as one is mended, it
 * fails until it is taken off.
 */
export const OVER_LINK: Differences = {
  ...OF_BOTH,
  'node: told-of-writes, HEAD': { why: 'the callback of end() comes before that of write()' },
};

/** The same for calls that stay within the process. */
export const WITHIN_PROCESS: Differences = {
  ...OF_BOTH,
};
