import { systemClock } from '@express-micro/core';

/** What goes wrong with the traces themselves, told once a while: whoever cannot be reached cannot be reached for hours. */
export interface Reports {
  readonly logger: {
    error(message: string, ...rest: unknown[]): void;
    warn(message: string, ...rest: unknown[]): void;
    info(): void;
    debug(): void;
    verbose(): void;
  };
  onDropped(spans: number): void;
  /** What was held could not be sent when that was asked for. */
  onUnsent(error: unknown): void;
}

const QUIET_MS = 60_000;
const MAX_LENGTH = 300;

/** @param nowMs milliseconds on a clock that only goes forward */
export function createReports(warn: (message: string) => void, nowMs: () => number = systemClock.monotonicMs): Reports {
  const lastMs = new Map<string, { atMs: number; untold: number }>();

  function tell(kind: string, message: string): void {
    const now = nowMs();
    const last = lastMs.get(kind);
    if (last !== undefined && now - last.atMs < QUIET_MS) {
      last.untold += 1;
      return;
    }
    lastMs.set(kind, { atMs: now, untold: 0 });
    const untold = last === undefined || last.untold === 0 ? '' : ` (and ${last.untold} times since this was told last)`;
    warn(`${message.length > MAX_LENGTH ? `${message.slice(0, MAX_LENGTH)}…` : message}${untold}`);
  }

  const report = (message: string, ...rest: unknown[]) => {
    const text = [message, ...rest].map(readable).join(' ');
    // Of the same kind whichever address or port it was, and whatever is added behind a comma.
    const [what = ''] = text.split(',', 1);
    tell(what.slice(0, 40).replaceAll(/\d+/g, '#'), `traces: ${text}`);
  };
  return {
    logger: { error: report, warn: report, info: () => {}, debug: () => {}, verbose: () => {} },
    onUnsent: (error) => report(readable(Array.isArray(error) ? error[0] : error)),
    onDropped: (spans) => tell('dropped', `traces: one with ${spans} spans was dropped, because too many are open at once.`),
  };
}

/** The SDK tells errors as JSON, with their stacks first. */
function readable(given: unknown): string {
  if (given instanceof Error) return given.message;
  const text = String(given);
  if (!text.startsWith('{')) return text;
  try {
    const { message, name } = JSON.parse(text) as { message?: unknown; name?: unknown };
    return String(message ?? name ?? text);
  } catch {
    return text;
  }
}
