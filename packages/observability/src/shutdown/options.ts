import { constants } from 'node:os';
import { booleanOption, groupOption, integerOption, type Option, OptionProblem } from '@express-micro/core';

/** How a process ends when it is told to. */
export interface ShutdownOptions {
  /** What tells it; `[]`: nothing, you call `shutdown.now()`. A second one ends it at once. @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /**
   * Milliseconds after which the process ends, whatever is still open. Keep it below what the platform grants before it kills.
   * @default 30000
   */
  readonly limitMs?: number | string | undefined;
  /**
   * Milliseconds that each part gets to close, unless it says otherwise. Raising it waits longer for one that hangs; lowering
   * it gives up on one that is slow. @default 5000
   */
  readonly timeoutMs?: number | string | undefined;
  /**
   * Without the mesh (which has the option `drain`): milliseconds for which requests are still taken after readiness has said
   * no, because balancers look every few seconds. @default 1000; 10000 under Kubernetes
   */
  readonly serveOnMs?: number | string | undefined;
  /** Whether the process ends by `process.exit` when all is closed; `false`: when nothing keeps it any more. @default true */
  readonly exits?: boolean | undefined;
}

export interface ResolvedShutdown {
  readonly signals: readonly NodeJS.Signals[];
  readonly limitMs: number;
  readonly timeoutMs: number;
  readonly serveOnMs: number;
  readonly exits: boolean;
}

const MAX_MS = 3_600_000;
/** Also those that this system does not know: a program may run on several. */
const SIGNALS: ReadonlySet<string> = new Set([
  ...['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGBREAK', 'SIGUSR1', 'SIGUSR2'],
  ...Object.keys(constants.signals).filter((name) => name !== 'SIGKILL' && name !== 'SIGSTOP'),
]);

const TABLE: { readonly [K in keyof ResolvedShutdown]: Option<ResolvedShutdown[K]> } = {
  signals: {
    takes: 'a list of signals such as ["SIGTERM", "SIGINT"]',
    fallback: () => ['SIGTERM', 'SIGINT'],
    read: (value) => {
      // Of SIGKILL and SIGSTOP nobody hears, and of a name that is none neither.
      const isSignal = (name: unknown) => typeof name === 'string' && SIGNALS.has(name);
      if (!Array.isArray(value) || !value.every(isSignal)) throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
  limitMs: integerOption('milliseconds', { min: 1, max: MAX_MS }, () => 30_000),
  timeoutMs: integerOption('milliseconds', { min: 1, max: MAX_MS }, () => 5_000),
  serveOnMs: integerOption('milliseconds', { min: 0, max: MAX_MS }, () =>
    process.env.KUBERNETES_SERVICE_HOST === undefined ? 1_000 : 10_000,
  ),
  exits: booleanOption(true),
};

export const shutdownOption: Option<ResolvedShutdown | false> = groupOption('shutdown', TABLE);

/** About one part: `shutdown.register(name, close, options)`. */
export interface ResolvedPart {
  /** Milliseconds that it gets to close: see {@link ShutdownOptions.timeoutMs}, which is its default. */
  readonly timeoutMs: number;
}

export function partTable({ timeoutMs }: ResolvedShutdown): { readonly [K in keyof ResolvedPart]: Option<ResolvedPart[K]> } {
  return { timeoutMs: integerOption('milliseconds', { min: 1, max: MAX_MS }, () => timeoutMs) };
}
