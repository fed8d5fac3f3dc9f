import type { Server } from 'node:net';
import {
  type Clock,
  type Log,
  type MeshPart,
  resolveOptions,
  type ShutdownPart,
  settlesWithin,
  stopServer,
  watchServers,
} from '@express-micro/core';
import { optionInvalid } from '../errors.ts';
import { reasonOf } from '../reason.ts';
import { partTable, type ResolvedShutdown } from './options.ts';
import { onSignals } from './signals.ts';

/** The end of a process, in order: see `docs/health.md`. */
export interface Shutdown extends ShutdownPart {
  /** True from the moment in which the process begins to end. */
  readonly isLeaving: boolean;
  /** Ends everything of this app now, but not the process; answers whether all of it closed in time. Calling it again answers the same. */
  now(reason?: string): Promise<boolean>;
}

/** The same, for who puts the parts of an app together. */
export interface ShutdownOfApp extends Shutdown {
  /** Hears no signal any more. */
  forget(): void;
}

export interface ShutdownSurroundings {
  readonly app: object;
  readonly clock: Clock;
  readonly log: Log;
  readonly mesh: () => MeshPart | undefined;
  /** What ends after everything that was registered: ports of our own, and the log last of all. */
  readonly last: () => Promise<void>;
  readonly exit?: (code: number) => void;
}

interface Part {
  readonly name: string;
  readonly close: () => unknown;
  readonly timeoutMs: number;
}

/** What of the whole time is kept for the parts, where requests under way would take all of it. */
const PARTS_SHARE = 0.25;
const LAST_LIMIT_MS = 2_000;
/** What is left for the last lines: the hard limit is for what blocks, and not for parts that are given up in time. */
const REST_MS = 500;

/**
 * Ends what an app consists of, in order: not ready; the mesh and the servers; what was registered, the last one first; the log.
 * Each of them is bounded, and so is the whole. What was waited for, and what was not, stands in the log.
 */
export function createShutdown(options: ResolvedShutdown, surroundings: ShutdownSurroundings): ShutdownOfApp {
  const { app, clock, log, mesh, last } = surroundings;
  const { signals, limitMs, serveOnMs, exits } = options;
  const exit = surroundings.exit ?? ((code: number) => process.exit(code));
  const parts: Part[] = [];
  const servers = new Set<Server>();
  let isLeaving = false;
  let leaving: Promise<boolean> | undefined;
  /** What is waited for just now. */
  let waitingFor = '';

  const stopWatching = watchServers(app, (server) => {
    servers.add(server);
    server.once('close', () => servers.delete(server));
  });

  async function leave(reason: string): Promise<boolean> {
    const beganAtMs = clock.monotonicMs();
    const endsAfterMs = limitMs - Math.min(REST_MS, limitMs / 10);
    const left = () => Math.max(0, endsAfterMs - (clock.monotonicMs() - beganAtMs));
    isLeaving = true;
    const steps = [mesh() === undefined ? 'requests' : 'the mesh and requests', ...parts.map(({ name }) => name).reverse()];
    log.info(`leaving because of ${reason}, within ${limitMs} ms: ${steps.join(', then ')}`);
    let isWell = await close({ name: steps[0] as string, close: stopServing, timeoutMs: limitMs * (1 - PARTS_SHARE) }, left());
    // Whoever registers while others close is closed, too: so the list is asked anew each time.
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      isWell = (await close(part, left())) && isWell;
    }
    log.info(`left in ${Math.round(clock.monotonicMs() - beganAtMs)} ms, ${isWell ? 'all closed' : 'and not all of it closed'}`);
    await settlesWithin(clock, Math.min(LAST_LIMIT_MS, Math.max(left(), 100)), last());
    return isWell;
  }

  /** The mesh tells the others, serves on, and closes the servers; without one we do what a balancer needs. */
  async function stopServing(): Promise<void> {
    const part = mesh();
    if (part !== undefined) await part.leave();
    else if (servers.size > 0) await new Promise<void>((done) => clock.after(serveOnMs, done, { keepsAlive: true }));
    const limit = limitMs * (1 - PARTS_SHARE) - (part === undefined ? serveOnMs : 0);
    await Promise.all([...servers].map((server) => stopServer(server, clock, Math.max(limit - 100, 100))));
  }

  async function close({ name, close: run, timeoutMs: ownMs }: Part, leftMs: number): Promise<boolean> {
    waitingFor = name;
    const beganAtMs = clock.monotonicMs();
    const limit = Math.min(ownMs, leftMs);
    let problem: unknown;
    let hasFailed = false;
    const closed = Promise.resolve()
      .then(run)
      .catch((error: unknown) => {
        hasFailed = true;
        problem = error;
      });
    const isInTime = await settlesWithin(clock, limit, closed);
    const tookMs = Math.round(clock.monotonicMs() - beganAtMs);
    if (!isInTime) log.error(`${name} did not close within ${Math.round(limit)} ms; going on without it`);
    else if (hasFailed) log.error(`${name} failed to close: ${reasonOf(problem)}`);
    else log.info(`${name} closed in ${tookMs} ms`);
    return isInTime && !hasFailed;
  }

  function now(reason = 'shutdown.now()'): Promise<boolean> {
    leaving ??= leave(reason);
    return leaving;
  }

  async function onSignal(signal: NodeJS.Signals): Promise<number> {
    // Above all of the others: code that blocks between two awaits, or a log that cannot be written, must not keep the process.
    const hardLimit = clock.after(
      limitMs,
      () => {
        log.error(`the limit of ${limitMs} ms is over while ${waitingFor} was waited for; ending now`);
        if (exits) exit(1);
      },
      { keepsAlive: true },
    );
    // A log that throws must not keep the process.
    const isWell = await now(signal).catch(() => false);
    hardLimit.stop();
    return isWell ? 0 : 1;
  }

  const stopHearing = signals.length === 0 ? () => {} : onSignals({ signals, leave: onSignal, exit: exits ? exit : undefined });

  return {
    get isLeaving() {
      return isLeaving;
    },
    now,
    forget() {
      stopWatching();
      stopHearing();
    },
    register(name, run, given) {
      if (typeof name !== 'string' || name === '' || typeof run !== 'function')
        throw optionInvalid('shutdown.register() takes a name, a function that closes, and { timeoutMs }.', {});
      const owner = `shutdown.register(${JSON.stringify(name)}, …)`;
      const part: Part = { name, close: run, ...resolveOptions(owner, partTable(options), given, optionInvalid) };
      parts.push(part);
      return () => {
        const at = parts.indexOf(part);
        if (at >= 0) parts.splice(at, 1);
      };
    },
  };
}
