// Hot path: every request to the app passes here. Its bench: bench/call-cost.mjs

import type { IncomingMessage } from 'node:http';
import { type Clock, groupOption, integerOption, type Option, OptionProblem, type Timer } from '@express-micro/core';
import type { InFlight } from './in-flight.ts';
import { admits, createLoadLimit, createRouteLatency, learn, type RouteLatency } from './load-limit.ts';
import { createLoopLoad, isTooLate, LOOP_SAMPLE_MS, sampleLoop } from './loop-load.ts';
import type { Serving } from './serving.ts';

/** When this process refuses requests because it has too much to do: 503, before anything of the app runs. */
export interface SheddingOptions {
  /**
   * So many requests at once are never refused for taking long. Raising it lets a slow resource behind them be asked more at
   * once; lowering it may refuse work in a process that is only slow. @default 20
   */
  readonly minInFlight?: number | string | undefined;
  /**
   * More requests at once are refused however fast they are; those that last longer than 5 s do not count. Raising it costs
   * memory in an overload; lowering it refuses work that only waits. @default 5000
   */
  readonly maxInFlight?: number | string | undefined;
  /**
   * Milliseconds by which the event loop may be late, again and again, before requests that waited for half as long are
   * refused. Raising it makes those who are served wait longer in an overload; lowering it refuses more when many heavy
   * requests come at once. @default 200
   */
  readonly maxLoopDelayMs?: number | string | undefined;
  /**
   * Paths that are never refused, with all below them: a process that is killed for being busy helps nobody.
   * @default ['/health']
   */
  readonly sparedPaths?: readonly string[] | undefined;
}

export interface ResolvedShedding {
  readonly minInFlight: number;
  readonly maxInFlight: number;
  readonly maxLoopDelayMs: number;
  readonly sparedPaths: readonly string[];
}

const TABLE: { readonly [K in keyof ResolvedShedding]: Option<ResolvedShedding[K]> } = {
  minInFlight: integerOption('a number of requests', { min: 1, max: 1_000_000 }, () => 20),
  maxInFlight: integerOption('a number of requests', { min: 1, max: 1_000_000 }, () => 5_000),
  maxLoopDelayMs: integerOption('milliseconds', { min: 10, max: 60_000 }, () => 200),
  sparedPaths: {
    takes: 'a list of paths such as ["/health"]',
    fallback: () => ['/health'],
    read: (value) => {
      if (!Array.isArray(value) || value.some((path) => typeof path !== 'string' || !path.startsWith('/')))
        throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
};

export const sheddingOption: Option<ResolvedShedding | false> = groupOption('shedding', TABLE);

/** Times longer than normal that requests may take before fewer are let in at once. */
const TOLERANCE = 2;
/** A request under way for longer is kept open on purpose (a stream, a long poll): it neither counts nor is learned from. */
const HELD_AFTER_MS = 5_000;
/** The overload is over when nothing was refused for so long. */
const OVER_AFTER_MS = 5_000;
/** An app that makes routes while it runs would grow the table of them; the rest share one row. */
const MAX_ROUTES = 1_000;

export interface Shedding {
  /** Whether to refuse a request that came at `cameAtMs`. */
  refuses(req: IncomingMessage, cameAtMs: number): boolean;
  onEnd(serving: Serving, atMs: number): void;
  /** Never refuses these paths either, nor what is below them. */
  spare(paths: readonly string[]): void;
  close(): void;
}

interface SheddingSurroundings {
  readonly clock: Clock;
  readonly inFlight: InFlight;
  readonly onOverload: (isOverloaded: boolean) => void;
}

export function createShedding(options: ResolvedShedding, { clock, inFlight, onOverload }: SheddingSurroundings): Shedding {
  const { minInFlight, maxInFlight, maxLoopDelayMs } = options;
  const sparedPaths = new Set(options.sparedPaths);
  const limit = createLoadLimit({ minInFlight: Math.min(minInFlight, maxInFlight), maxInFlight, tolerance: TOLERANCE });
  const loop = createLoopLoad(maxLoopDelayMs);
  const routes = new Map<unknown, RouteLatency>();
  const others = createRouteLatency();
  let overloadedAtMs: number | undefined;
  let timer: Timer | undefined;
  let dueAtMs = 0;
  let isClosed = false;

  function sample(): void {
    const now = clock.monotonicMs();
    sampleLoop(loop, now, now - dueAtMs);
    dueAtMs = now + LOOP_SAMPLE_MS;
    inFlight.holdBefore(now - HELD_AFTER_MS);
    if (overloadedAtMs !== undefined && now - overloadedAtMs >= OVER_AFTER_MS) {
      overloadedAtMs = undefined;
      onOverload(false);
    }
  }

  function isSpared(req: IncomingMessage): boolean {
    const [path = ''] = (req.url ?? '').split('?', 1);
    for (const spared of sparedPaths) if (path === spared || path.startsWith(`${spared}/`)) return true;
    return false;
  }

  /** Express leaves the route that a request took on the request. Routes are few and live as long as the app. */
  function latencyOf(req: IncomingMessage): RouteLatency {
    const { route } = req as { route?: unknown };
    if (route === undefined) return others;
    let latency = routes.get(route);
    if (latency === undefined) {
      if (routes.size >= MAX_ROUTES) return others;
      latency = createRouteLatency();
      routes.set(route, latency);
    }
    return latency;
  }

  return {
    refuses(req, cameAtMs) {
      if (timer === undefined && !isClosed) {
        dueAtMs = clock.monotonicMs() + LOOP_SAMPLE_MS;
        timer = clock.every(LOOP_SAMPLE_MS, sample);
      }
      const isAdmitted =
        admits(limit, cameAtMs, inFlight.recent()) && !(loop.isBusy && isTooLate(loop, clock.monotonicMs(), cameAtMs));
      if (isAdmitted || isSpared(req)) return false;
      if (overloadedAtMs === undefined) onOverload(true);
      overloadedAtMs = cameAtMs;
      return true;
    },

    onEnd({ req, res, beganAtMs, isHeld }, atMs) {
      // Failures are fast or slow for reasons of their own, and say nothing about what is normal.
      if (isHeld || !res.writableFinished || res.statusCode >= 400) return;
      learn(limit, latencyOf(req), beganAtMs, atMs);
    },

    spare(paths) {
      for (const path of paths) sparedPaths.add(path);
    },

    close() {
      isClosed = true;
      timer?.stop();
    },
  };
}
