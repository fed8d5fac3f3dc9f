import { show } from '@express-micro/core';
import { meshError } from '../errors.ts';
import {
  bad,
  type Endpoint,
  type FailOptions,
  type FaultTarget,
  type LoseOptions,
  readAnswer,
  readDelay,
  readRate,
} from './faults.ts';
import type { MemoryNetwork, Place } from './memory-network.ts';

/** What goes wrong, from the moment in which it is said and until it is healed. Each holds for what is called from then on. */
export interface Faults {
  /** Nobody listens there, and the others have not noticed: calls are refused, surely not executed. */
  down(target: FaultTarget): void;
  /** Answers come so much later, or by something between the two: the handler has run at once. */
  slow(target: FaultTarget, delayMs: number | readonly [min: number, max: number]): void;
  /** Answers with this status; the app is not asked. */
  fail(target: FaultTarget, options?: FailOptions): void;
  /** Connections break, with the request or with its answer. */
  lose(target: FaultTarget, options?: LoseOptions): void;
  /** Nothing gets from one to the other, neither requests nor answers: silence. The way back is another one. */
  cut(from: FaultTarget, to: FaultTarget): void;
  /** As by SIGSTOP: takes what comes, and neither answers nor calls until it is healed. */
  pause(target: FaultTarget): void;
  /** Its process ends without a word: what is under way is lost, nobody listens, and the others have noticed. */
  crash(target: FaultTarget): void;
  /** A new process where one has crashed, or still runs: with another id, and nothing in memory. */
  restart(target: FaultTarget): Promise<void>;
  /** Ends all faults, or those of one target. Who has crashed comes back with `restart`. */
  heal(target?: FaultTarget): void;
}

/** What becomes of the processes themselves is the front door's business. */
export interface Processes {
  crash(place: Place): void;
  restart(place: Place): Promise<void>;
}

/** The faults of a network, as a test orders them. */
export function createFaults(network: MemoryNetwork, processes: Processes): Faults {
  const { faults: table } = network;

  /** @throws MESH_OPTION_INVALID a fault of nobody would let a test pass that looked at nothing */
  function named(target: FaultTarget): string {
    const name = typeof target === 'string' ? target : (target as Endpoint | undefined)?.name;
    const known = network.places.flatMap((place) => [place.service, place.name]);
    if (name !== undefined && known.includes(name)) return name;
    const message = `There is no ${show(name ?? target)} in this test mesh. There are: ${[...new Set(known)].join(', ') || 'none yet'}.`;
    throw meshError('MESH_OPTION_INVALID', message);
  }

  const placesOf = (name: string): Place[] => network.places.filter((place) => place.name === name || place.service === name);

  return {
    down(target) {
      const name = named(target);
      table.add(name, { kind: 'down' });
      network.changed(`${name} is down`);
    },
    slow(target, delayMs) {
      const name = named(target);
      const { minMs, maxMs } = readDelay(delayMs);
      table.add(name, { kind: 'slow', minMs, maxMs });
      network.changed(`${name} answers later by ${minMs === maxMs ? minMs : `${minMs} to ${maxMs}`} ms`);
    },
    fail(target, options = {}) {
      const name = named(target);
      const answer = readAnswer(options);
      table.add(name, { kind: 'fail', answer }, readRate('fail()', options));
      network.changed(`${name} fails with ${answer.status}`);
    },
    lose(target, options = {}) {
      const name = named(target);
      const { what = 'request' } = options;
      if (what !== 'request' && what !== 'answer') throw bad('lose()', 'what', what, "'request' or 'answer'");
      table.add(name, { kind: 'lose', what }, readRate('lose()', options));
      network.changed(`${name} loses ${what}s`);
    },
    cut(from, to) {
      const [source, target] = [named(from), named(to)];
      table.add(target, { kind: 'cut', from: source });
      network.changed(`nothing gets from ${source} to ${target}`);
    },
    pause(target) {
      const name = named(target);
      table.add(name, { kind: 'paused' });
      network.changed(`${name} is paused`);
    },
    crash(target) {
      const name = named(target);
      for (const place of placesOf(name)) processes.crash(place);
      network.changed(`${name} crashes`);
    },
    async restart(target) {
      const name = named(target);
      await Promise.all(placesOf(name).map((place) => processes.restart(place)));
      network.changed(`${name} has started again`);
    },
    heal(target) {
      const name = target === undefined ? undefined : named(target);
      table.heal(name);
      network.changed(`${name ?? 'all'} is healed`);
    },
  };
}
