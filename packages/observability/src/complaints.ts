import { type Clock, consoleLog, printable } from '@express-micro/core';

export type Complain = (message: string, error?: unknown) => void;

/** What fails for one request or line may fail for each: one word a minute says so. */
const COMPLAIN_EVERY_MS = 60_000;
const MAX_LENGTH = 300;

/** Says on standard error what is wrong with what observes, since that itself may be what cannot tell it. Never throws. */
export function createComplaints(clock: Clock): Complain {
  let complainedAtMs = Number.NEGATIVE_INFINITY;
  return (message, error) => {
    if (clock.monotonicMs() - complainedAtMs < COMPLAIN_EVERY_MS) return;
    complainedAtMs = clock.monotonicMs();
    try {
      consoleLog.error(`${message}${error === undefined ? '' : ` ${printable(String(error), MAX_LENGTH)}`}`);
    } catch {
      // Standard error is gone as well, or the error cannot be made a text: nobody is left to be told.
    }
  };
}
