import { type Clock, groupOption, integerOption, type Option } from '@express-micro/core';

/** How an app leaves: it tells the others, serves on, closes its server, and waits for what is under way. */
export interface DrainOptions {
  /**
   * Milliseconds for which requests are still taken after the others were told. Raising it ends later; lowering it loses
   * calls of those who have not heard yet (a load balancer looks every few seconds). @default 1000; 10000 under Kubernetes
   */
  readonly serveOnMs?: number | string | undefined;
  /**
   * Milliseconds that requests under way get when the server has closed. Raising it lets slow ones end; lowering it cuts them.
   * @default 25000
   */
  readonly inFlightMs?: number | string | undefined;
  /** Milliseconds after which all of it is over. Keep it below what the platform grants before it kills. @default 30000 */
  readonly limitMs?: number | string | undefined;
}

const MAX_MS = 3_600_000;

/** How long each part may take, in milliseconds. */
export interface DrainTimes {
  readonly serveOnMs: number;
  readonly inFlightMs: number;
  readonly limitMs: number;
}

const TABLE: { readonly [K in keyof DrainTimes]: Option<DrainTimes[K]> } = {
  serveOnMs: integerOption('milliseconds', { min: 0, max: MAX_MS }, () =>
    process.env.KUBERNETES_SERVICE_HOST === undefined ? 1_000 : 10_000,
  ),
  inFlightMs: integerOption('milliseconds', { min: 0, max: MAX_MS }, () => 25_000),
  limitMs: integerOption('milliseconds', { min: 0, max: MAX_MS }, () => 30_000),
};

export interface Drain extends DrainTimes {
  /** A load balancer sends requests too, and is no member: so there is somebody to serve also where no member is known. */
  readonly isForStrangersToo: boolean;
}

export const drainOption: Option<DrainTimes | false> = groupOption('drain', TABLE);

/** On SIGTERM. */
export function drainOnSigterm(option: DrainTimes | false): Drain {
  if (option === false) return { serveOnMs: 0, inFlightMs: 0, limitMs: 1_000, isForStrangersToo: false };
  return { ...option, isForStrangersToo: true };
}

/** What `close()` promises: a second for the members that are there, and all of it within five. */
export const DRAIN_ON_CLOSE: Drain = Object.freeze({
  serveOnMs: 1_000,
  inFlightMs: 3_000,
  limitMs: 5_000,
  isForStrangersToo: false,
});

/** Before the server closes, answers end their connections for so long: those in use end with an answer, and none is cut. */
const NOTICE_MS = 500;
/** What is left for the rest (timers, connections to others) of the whole time. */
const REST_MS = 200;

export interface DrainSteps {
  /** Tells the others; resolves when they know, or cannot be told. */
  readonly leave: () => Promise<void>;
  /** Whether somebody may still call. */
  readonly hasCallers: boolean;
  readonly endConnections: () => void;
  /** No new connections; resolves when none is left, after `limitMs` at the latest. */
  readonly stopServing: (limitMs: number) => Promise<void>;
}

/** Leaves so that no call is lost: first everybody hears it, then the last requests come, then the server goes. */
export async function drain(times: Drain, clock: Clock, steps: DrainSteps): Promise<void> {
  const endsAtMs = clock.monotonicMs() + times.limitMs - REST_MS;
  const left = () => Math.max(0, endsAtMs - clock.monotonicMs());
  const wait = (ms: number) => new Promise<void>((done) => clock.after(Math.min(ms, left()), done, { keepsAlive: true }));

  const toldAtMs = clock.monotonicMs();
  await steps.leave();
  const tookMs = clock.monotonicMs() - toldAtMs;
  if (steps.hasCallers || times.isForStrangersToo) {
    // Whom we told may have to tell others: as long again as it took, at the least.
    const serveOnMs = times.serveOnMs === 0 ? 0 : Math.max(times.serveOnMs, 2 * tookMs);
    const noticeMs = Math.min(NOTICE_MS, serveOnMs / 2);
    await wait(serveOnMs - noticeMs);
    steps.endConnections();
    await wait(noticeMs);
  } else steps.endConnections();
  await steps.stopServing(Math.min(times.inFlightMs, left()));
}
