import { seededRandom } from './seeded-random.ts';
import type { SimProcess } from './sim-process.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';
import { callable, isWhole } from './views.ts';
import { createWireSize } from './wire-size.ts';

/** A fleet that was started at once, with the first one as everybody's only seed. */
function startFleet(size: number, options: SimulationOptions): Simulation {
  const simulation = new Simulation(options);
  const first = simulation.start([]);
  for (let i = 1; i < size; i++) simulation.start([first.url]);
  return simulation;
}

/** The same, when all have found all. */
function settledFleet(size: number, options: SimulationOptions): Simulation {
  const simulation = startFleet(size, options);
  if (
    !simulation.run(
      120_000,
      every(1_000, simulation, () => isWhole(simulation)),
    )
  )
    throw new Error('the fleet did not find itself');
  simulation.run(10_000);
  return simulation;
}

/** How long until all see all: looked at ten times a second, because looking costs the square of the fleet. */
export function joinMs(size: number, seed: number): number {
  const simulation = startFleet(size, { seed, isChecking: false });
  simulation.network.isEncoding = size <= 100;
  simulation.run(
    60_000,
    every(100, simulation, () => isWhole(simulation)),
  );
  return simulation.time.nowMs;
}

/** Members that somebody declared dead while they lived, each once an incarnation, in so many node-hours. */
export function falselyDead(size: number, hours: number, loss: number, seed: number): { deaths: number; nodeHours: number } {
  const simulation = settledFleet(size, { seed });
  const deaths = new Set<string>();
  simulation.onChange = ({ id, status, incarnation }) => {
    if (status === 'DEAD') deaths.add(`${id} ${incarnation}`);
  };
  simulation.network.weather.loss = loss;
  simulation.run(hours * 3_600_000);
  return { deaths: deaths.size, nodeHours: size * hours };
}

/** Bytes and messages out, a second and process, while nothing happens. */
export function quietCost(size: number, seed: number): { bytes: number; messages: number } {
  const simulation = settledFleet(size, { seed });
  simulation.run(60_000);
  const { network } = simulation;
  network.wireSize = createWireSize('orders');
  const before = { ...network.traffic };
  const seconds = 300;
  simulation.run(seconds * 1_000);
  const aSecond = (count: number) => count / seconds / size;
  return {
    bytes: aSecond(network.traffic.bytes - before.bytes),
    messages: aSecond(network.traffic.messages - before.messages),
  };
}

/** When each of the others saw that one of them had crashed. */
export function killedMs(size: number, seed: number): number[] {
  const simulation = settledFleet(size, { seed });
  const victim = simulation.running[seed % size] as SimProcess;
  const killedAtMs = simulation.time.nowMs;
  const seenMs: number[] = [];
  simulation.onChange = ({ id, status, atMs }) => {
    if (id === victim.id && status === 'DEAD') seenMs.push(atMs - killedAtMs);
  };
  simulation.crash(victim);
  simulation.run(30_000, () => seenMs.length === size - 1);
  return seenMs.length === size - 1 ? seenMs : [...seenMs, Number.POSITIVE_INFINITY];
}

/** How long until all others saw that one stood still, and until all saw it again when it went on. */
export function stoppedMs(size: number, seed: number): { goneMs: number; backMs: number } {
  const simulation = settledFleet(size, { seed });
  const victim = simulation.running[seed % size] as SimProcess;
  const others = simulation.running.filter((process) => process !== victim);
  const statuses = () => others.map(({ participant }) => participant.state.entries.get(victim.id)?.member.status);
  const stoppedAtMs = simulation.time.nowMs;
  simulation.stop(victim);
  simulation.run(120_000, () => statuses().every((status) => status === 'DEAD'));
  const goneAtMs = simulation.time.nowMs;
  simulation.run(5_000);
  const resumedAtMs = simulation.time.nowMs;
  simulation.resume(victim);
  simulation.run(120_000, () => statuses().every((status) => status === 'ALIVE'));
  return { goneMs: goneAtMs - stoppedAtMs, backMs: simulation.time.nowMs - resumedAtMs };
}

/** Twenty times somebody stands still for three seconds: how often anybody was declared dead for it. */
export function deathsByStalls(size: number, seed: number): number {
  const simulation = settledFleet(size, { seed });
  let deaths = 0;
  simulation.onChange = ({ status }) => {
    if (status === 'DEAD') deaths += 1;
  };
  for (let i = 0; i < 20; i++) {
    const sleeper = simulation.processes[i % size] as SimProcess;
    simulation.stop(sleeper);
    simulation.run(3_000);
    simulation.resume(sleeper);
    simulation.run(2_000);
  }
  return deaths;
}

/** Part of a fleet crashes at once: how many of those who are left would call a crashed one five seconds later. */
export function crashOf(size: number, part: number, seed: number): number {
  const simulation = settledFleet(size, { seed });
  const random = seededRandom(seed);
  const victims = [...simulation.running].sort(() => random() - 0.5).slice(0, Math.round(size * part));
  for (const victim of victims) simulation.crash(victim);
  simulation.run(5_000);
  const gone = new Set(victims.map(({ id }) => id));
  return simulation.running.filter((process) => callable(process).some((id) => gone.has(id))).length;
}

/** How long two halves that did not hear each other for a minute need to be one fleet again. */
export function healingMs(size: number, seed: number): number {
  const simulation = settledFleet(size, { seed });
  const half = new Set(simulation.running.slice(0, size / 2));
  simulation.network.isCut = (from, to) => half.has(from) !== half.has(to);
  simulation.run(60_000);
  simulation.network.isCut = () => false;
  const healedAtMs = simulation.time.nowMs;
  simulation.run(
    120_000,
    every(100, simulation, () => isWhole(simulation)),
  );
  return simulation.time.nowMs - healedAtMs;
}

/** One instance of five is killed and started again at its address, over and over. */
export function restarts(
  times: number,
  seed: number,
  onRestart: (done: number) => void,
): { simulation: Simulation; wrong: number } {
  const simulation = settledFleet(5, { seed, isChecking: false });
  const [first] = simulation.processes as [SimProcess];
  let current = simulation.processes.at(-1) as SimProcess;
  for (let done = 1; done <= times; done++) {
    simulation.crash(current);
    simulation.forgetProcess(current);
    simulation.run(500);
    current = simulation.restart(current, [first.url]);
    simulation.run(1_500);
    onRestart(done);
  }
  simulation.run(10_000);
  return { simulation, wrong: simulation.running.filter(({ participant }) => participant.state.present !== 4).length };
}

/** Looks now and then only. */
function every(intervalMs: number, simulation: Simulation, isSo: () => boolean): () => boolean {
  let nextMs = simulation.time.nowMs;
  return () => {
    if (simulation.time.nowMs < nextMs) return false;
    nextMs = simulation.time.nowMs + intervalMs;
    return isSo();
  };
}
