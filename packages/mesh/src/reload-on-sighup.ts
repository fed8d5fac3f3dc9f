import type { Clock, Timer } from '@express-micro/core';

/** Signals that come faster than this are answered together, and the last of them is never lost. */
const PAUSE_MS = 200;

/** A process, as far as it is sent signals. */
export interface Signalled {
  readonly platform: string;
  on(signal: 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGHUP', listener: () => void): unknown;
}

/**
 * Runs `reload` on SIGHUP. Other listeners of the app are heard as ever; while there is one, Node does not end the process
 * on that signal. Windows knows no such request: there the signal says that the console is gone, and nothing is done.
 *
 * @returns how to stop
 */
export function reloadOnSighup(target: Signalled, clock: Clock, reload: () => void): () => void {
  if (target.platform === 'win32') return () => {};
  let pause: Timer | undefined;
  let isAskedAgain = false;

  const run = (): void => {
    isAskedAgain = false;
    pause = clock.after(PAUSE_MS, () => {
      pause = undefined;
      if (isAskedAgain) run();
    });
    reload();
  };
  const onSighup = (): void => {
    if (pause === undefined) run();
    else isAskedAgain = true;
  };

  target.on('SIGHUP', onSighup);
  return () => {
    target.off('SIGHUP', onSighup);
    pause?.stop();
  };
}
