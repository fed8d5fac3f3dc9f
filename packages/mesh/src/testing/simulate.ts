import type { MemberStatus } from '../membership/member.ts';
import { FAIR_WEATHER, type Weather } from './sim-network.ts';
import type { Condition, SimProcess } from './sim-process.ts';
import { Simulation } from './simulation.ts';
import { differences } from './views.ts';

export interface SimulateOptions {
  /** As the option of an app: every time of discovery scales with it. @default 5000 */
  readonly pingIntervalMs?: number;
}

/** One process of a simulated fleet. */
export interface SimulatedProcess {
  /** `p1`, `p2`, … in the order of their starts. */
  readonly name: string;
  readonly url: string;
  readonly condition: Condition;
  /** How it sees the others that it knows, by their names. */
  sees(): Readonly<Record<string, MemberStatus>>;
}

/** A fleet in virtual time. Everything below the sockets is the code that runs in production. */
export interface SimulatedFleet {
  readonly nowMs: number;
  /** What happened so far, a line each: the same seed and the same orders give the same bytes. */
  readonly timeline: readonly string[];
  /** Starts a process that asks these first; without any it is found by others. */
  start(seeds?: readonly SimulatedProcess[]): SimulatedProcess;
  /** Ends it without a word. `vanishes` takes its host along, so that nobody even refuses. @default 'stays' */
  crash(process: SimulatedProcess, host?: 'stays' | 'vanishes'): void;
  /** A new process at the same address. */
  restart(process: SimulatedProcess, seeds?: readonly SimulatedProcess[]): SimulatedProcess;
  /** As by SIGSTOP; `resume` lets it go on. */
  pause(process: SimulatedProcess): void;
  resume(process: SimulatedProcess): void;
  /** Says good-bye and ends. */
  leave(process: SimulatedProcess): void;
  /** Sets its wall clock forward, or back. */
  stepClock(process: SimulatedProcess, byMs: number): void;
  /** What goes wrong on every way from now on; what is not named is fair. A wide range of delays reorders messages. */
  weather(weather?: Partial<Weather>): void;
  /** Nothing gets from one to the other any more. The way back is another one. */
  cut(from: SimulatedProcess, to: SimulatedProcess): void;
  /** Ends all cuts. */
  mend(): void;
  /**
   * Lets time pass, until it is so if that comes first; answers whether it came to be so.
   * @throws Error when a process breaks a promise of the protocol: the name of the process, the time, and which
   */
  run(durationMs: number, isSo?: () => boolean): boolean;
  /** What processes that run hold which is not the truth; nothing where all see the same, and it is true. */
  disagreements(): readonly string[];
}

/**
 * Simulates the membership of a fleet: virtual clock, seeded network, the real protocol. An hour takes seconds.
 *
 * For finding out how a fleet of yours would behave (how long until a death is known at your `pingInterval`); to test
 * an app, take `createTestMesh` of `express-micro/testing`.
 */
export function simulate(seed: number, options: SimulateOptions = {}): SimulatedFleet {
  const timeline: string[] = [];
  const simulation = new Simulation({
    seed,
    ...options,
    onLine: (atMs, line) => timeline.push(`${atMs.toFixed(3)} ms  ${line}`),
  });
  const processes = new Map<SimulatedProcess, SimProcess>();
  const cuts = new Set<string>();
  simulation.network.isCut = (from, to) => cuts.has(`${from.url} ${to.url}`);

  const of = (process: SimulatedProcess): SimProcess => {
    const found = processes.get(process);
    if (found === undefined) throw new TypeError('This process is of another simulation.');
    return found;
  };
  const shown = (process: SimProcess): SimulatedProcess => {
    const made: SimulatedProcess = {
      name: process.name,
      url: process.url,
      get condition() {
        return process.condition;
      },
      sees: () =>
        Object.fromEntries(
          [...process.participant.state.entries.values()].map(({ member }) => [
            simulation.byId.get(member.id)?.name ?? member.id,
            member.status,
          ]),
        ),
    };
    processes.set(made, process);
    return made;
  };
  const urls = (seeds: readonly SimulatedProcess[] = []): string[] => seeds.map(({ url }) => url);

  return {
    get nowMs() {
      return simulation.time.nowMs;
    },
    timeline,
    start: (seeds) => shown(simulation.start(urls(seeds))),
    crash: (process, host) => simulation.crash(of(process), host),
    restart: (process, seeds) => shown(simulation.restart(of(process), urls(seeds))),
    pause: (process) => simulation.stop(of(process)),
    resume: (process) => simulation.resume(of(process)),
    leave: (process) => simulation.leave(of(process)),
    stepClock(process, byMs) {
      of(process).wallOffsetMs += byMs;
      simulation.say(of(process), `has its clock set by ${byMs} ms`);
    },
    weather(weather = {}) {
      simulation.network.weather = { ...FAIR_WEATHER, ...weather };
      simulation.say(undefined, `weather: ${JSON.stringify(simulation.network.weather)}`);
    },
    cut(from, to) {
      cuts.add(`${of(from).url} ${of(to).url}`);
      simulation.say(undefined, `nothing gets from ${from.name} to ${to.name}`);
    },
    mend() {
      cuts.clear();
      simulation.say(undefined, 'all cuts are mended');
    },
    run: (durationMs, isSo) => simulation.run(durationMs, isSo),
    disagreements: () => differences(simulation),
  };
}
