import { type Log, printable, show } from '@express-micro/core';
import { isThenable } from './thenable.ts';

/** Calls what an app gave to hear of something. Where that fails, at once or later, nothing changes for the request: the log is told. */
export function tell(log: Log, name: string, hear: () => unknown): void {
  const failed = (error: unknown) =>
    log.error(`${name} failed: ${printable(error instanceof Error ? error.message : show(error), 300)}`);
  try {
    const heard = hear();
    if (isThenable(heard)) heard.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
