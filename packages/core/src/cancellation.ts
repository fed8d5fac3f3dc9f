/**
 * One reason to stop, told to one listener: the cheap inner form of an `AbortSignal`, made once a call.
 *
 * An `AbortSignal` costs microseconds to make and to listen to; a call cannot afford that for a deadline that is hardly ever reached.
 * Fields without `#`, which cost more on the versions of V8 that Node 20 and 22 have.
 */
export class Cancellation {
  /** Why to stop, once there is a reason. */
  reason: Error | undefined = undefined;
  private listener: ((reason: Error) => void) | undefined = undefined;

  /** The first reason stands; later ones are dropped. */
  cancel(reason: Error): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.listener?.(reason);
  }

  /** Replaces the listener: at each moment one part of a call is at work. Called at once when cancelled already. */
  listen(listener: ((reason: Error) => void) | undefined): void {
    this.listener = listener;
    if (listener !== undefined && this.reason !== undefined) listener(this.reason);
  }
}
