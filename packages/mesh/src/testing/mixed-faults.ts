import { BrokenInvariant } from './invariants.ts';
import { between, pick, seededRandom } from './seeded-random.ts';
import { FAIR_WEATHER } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import { Simulation } from './simulation.ts';
import { differences, isWhole } from './views.ts';

/** How long everything goes wrong, and how long the fleet then has until all see the same. */
export const FAULTS_MS = 90_000;
export const QUIET_MS = 60_000;

export interface MixedRun {
  readonly seed: number;
  readonly size: number;
  readonly events: number;
  /** What broke while it went on, or what still differed at the end; nothing where all was well. */
  readonly broken: string | undefined;
  readonly divergence: readonly string[];
  /** From the end of all faults until all tables were equal and true. */
  readonly wholeAfterMs: number;
}

interface MixedOptions {
  readonly onLine?: (atMs: number, line: string) => void;
  /** Whether wall clocks are set forward and back; the rest of the run is the same either way. @default true */
  readonly hasClockSteps?: boolean;
}

/** One run of everything that can go wrong, in an order that the seed decides; then quiet. */
export function runMixedFaults(seed: number, options: MixedOptions = {}): MixedRun {
  const random = seededRandom(seed ^ 0x2545f491);
  const size = 3 + Math.floor(random() * 6);
  const simulation = new Simulation({ seed, ...options });
  const seeds = ['http://10.0.0.1:3000', 'http://10.0.1.1:3000'];
  const world = new Troubles(simulation, random, seeds, options.hasClockSteps !== false);
  let broken: string | undefined;
  let divergence: string[] = [];
  let quietAtMs = FAULTS_MS;
  try {
    for (let i = 0; i < size; i++) {
      simulation.start(seeds);
      simulation.run(random() * 2_000);
    }
    while (simulation.time.nowMs < FAULTS_MS) {
      world.change();
      simulation.run(between(random, 200, 4_000));
    }
    world.end();
    quietAtMs = simulation.time.nowMs;
    if (!simulation.run(QUIET_MS, () => isWhole(simulation))) divergence = differences(simulation);
    // It stays so.
    const wholeAtMs = simulation.time.nowMs;
    simulation.run(10_000);
    if (divergence.length === 0) divergence = differences(simulation);
    quietAtMs = wholeAtMs - quietAtMs;
  } catch (error) {
    if (!(error instanceof BrokenInvariant)) throw error;
    broken = error.message;
  }
  return { seed, size, events: simulation.time.events, broken, divergence, wholeAfterMs: quietAtMs };
}

/** Changes the world, one trouble at a time; several last until another one ends them. */
class Troubles {
  private readonly simulation: Simulation;
  private readonly random: () => number;
  private readonly seeds: readonly string[];
  private readonly hasClockSteps: boolean;
  private readonly cuts = new Set<string>();
  /** Processes on one side of a split. */
  private side: ReadonlySet<SimProcess> | undefined;

  constructor(simulation: Simulation, random: () => number, seeds: readonly string[], hasClockSteps: boolean) {
    this.simulation = simulation;
    this.random = random;
    this.seeds = seeds;
    this.hasClockSteps = hasClockSteps;
    simulation.network.isCut = (from, to) =>
      this.cuts.has(`${from.url} ${to.url}`) || (this.side !== undefined && this.side.has(from) !== this.side.has(to));
  }

  change(): void {
    const { simulation, random } = this;
    const kinds = [
      () => this.weather(),
      () => this.cut(),
      () => this.split(),
      () => this.stop(),
      () => this.crash(),
      () => this.restart(),
      () => this.leave(),
      () => this.stepClock(),
      () => this.newRoutes(),
      () => this.doubt(),
    ];
    const process = pick(random, simulation.running);
    if (process === undefined) this.restart();
    else pick(random, kinds)?.();
  }

  /** All is well again, and the seeds are there. */
  end(): void {
    const { simulation } = this;
    simulation.say(undefined, 'the faults end');
    simulation.network.weather = { ...FAIR_WEATHER };
    this.cuts.clear();
    this.side = undefined;
    for (const process of simulation.processes) simulation.resume(process);
    // Without a seed, processes that never heard of each other cannot meet.
    for (const url of this.seeds) this.bringBack(url);
  }

  private weather(): void {
    const { random, simulation } = this;
    const isFair = random() < 0.3;
    const slowestMs = random() < 0.3 ? 900 : 50;
    const weather = isFair
      ? { ...FAIR_WEATHER }
      : { loss: random() * 0.3, duplication: random() * 0.2, delayMs: [1, slowestMs] as [number, number] };
    simulation.network.weather = weather;
    simulation.say(undefined, `weather: ${JSON.stringify(weather)}`);
  }

  private cut(): void {
    const { random, simulation } = this;
    if (random() < 0.3) {
      this.cuts.clear();
      simulation.say(undefined, 'all cuts are mended');
      return;
    }
    const [from, to] = [pick(random, simulation.processes), pick(random, simulation.processes)];
    if (from === undefined || to === undefined || from.url === to.url) return;
    this.cuts.add(`${from.url} ${to.url}`);
    simulation.say(undefined, `nothing gets from ${from.name} to ${to.name}`);
  }

  private split(): void {
    const { random, simulation } = this;
    this.side = this.side === undefined ? new Set(simulation.processes.filter(() => random() < 0.5)) : undefined;
    const names = [...(this.side ?? [])].map(({ name }) => name).join(' ');
    simulation.say(undefined, this.side === undefined ? 'the split is mended' : `split: ${names} from the others`);
  }

  private stop(): void {
    const { random, simulation } = this;
    const process = pick(random, simulation.running) as SimProcess;
    simulation.stop(process);
    simulation.time.after(between(random, 300, 25_000), () => simulation.resume(process));
  }

  private crash(): void {
    const { random, simulation } = this;
    simulation.crash(pick(random, simulation.running) as SimProcess, random() < 0.5 ? 'stays' : 'vanishes');
  }

  private restart(): void {
    const { random, simulation } = this;
    const process = pick(random, simulation.processes) as SimProcess;
    if (simulation.processes.some((one) => one !== process && one.url === process.url && one.isUp)) return;
    if (process.condition === 'stopped') return;
    simulation.restart(process, this.seeds);
  }

  private leave(): void {
    const { random, simulation } = this;
    if (simulation.running.length > 3) simulation.leave(pick(random, simulation.running) as SimProcess);
  }

  private stepClock(): void {
    const { random, simulation } = this;
    const process = pick(random, simulation.running) as SimProcess;
    const offsetMs = Math.round(between(random, -86_400_000, 86_400_000));
    if (!this.hasClockSteps) return;
    process.wallOffsetMs = offsetMs;
  }

  private newRoutes(): void {
    const { random, simulation } = this;
    const routesHash = `r${Math.floor(random() * 1_000)}`;
    simulation.apply(pick(random, simulation.running) as SimProcess, { type: 'routes-changed', routesHash });
  }

  private doubt(): void {
    const { random, simulation } = this;
    const [by, about] = [pick(random, simulation.running), pick(random, simulation.processes)];
    if (by !== undefined && about !== undefined) simulation.apply(by, { type: 'doubted', id: about.id });
  }

  private bringBack(url: string): void {
    const { simulation } = this;
    if (!simulation.running.some((process) => process.url === url)) simulation.start(this.seeds, url);
  }
}
