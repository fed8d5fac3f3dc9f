import { booleanOption, groupOption, integerOption, type Option, OptionProblem } from '@express-micro/core';
import {
  type AccessOptions,
  accessOption,
  hostOption,
  pathOption,
  portOption,
  type ResolvedAccess,
} from '../endpoints/options.ts';

/** What a platform is told of a process: whether it lives, and whether to send it requests. */
export interface HealthOptions {
  /** The answers are at `<path>/live` and `<path>/ready`. @default '/health' */
  readonly path?: string | undefined;
  /** A port of their own; the app does not answer at these paths then. @default none: on the app */
  readonly port?: number | string | undefined;
  /** The address that the own port is bound to. @default all */
  readonly host?: string | undefined;
  /**
   * Who is told why a check fails; everybody else learns that it does. An error may name hosts, users and queries.
   * @default requests from this machine, through no proxy
   */
  readonly access?: AccessOptions | 'everyone' | undefined;
  /**
   * Milliseconds that a check may take, unless it says otherwise. Keep it below the time-out of the probe. Raising it answers
   * late when something hangs; lowering it calls things down that are slow. @default 2000
   */
  readonly timeoutMs?: number | string | undefined;
  /**
   * Milliseconds for which a result counts. Raising it notices later; lowering it asks more often, for every probe of every
   * balancer. @default 1000
   */
  readonly cacheMs?: number | string | undefined;
  /**
   * Not ready while the event loop was late by so many milliseconds three times within ten seconds; `false`: never for that.
   * Raising it keeps slow processes in the balance; lowering it may take all of a fleet out at once when all are busy. @default 1000
   */
  readonly maxLoopDelayMs?: number | string | false | undefined;
  /** Services of the mesh without which this one is of no use: not ready while nobody of one can be called. @default [] */
  readonly services?: readonly string[] | undefined;
}

export interface ResolvedHealth {
  readonly path: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly access: ResolvedAccess;
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly maxLoopDelayMs: number | false;
  readonly services: readonly string[];
}

/** Of the two answers. */
export function pathsOf({ path }: Pick<ResolvedHealth, 'path'>): readonly [live: string, ready: string] {
  const below = path === '/' ? '' : path;
  return [`${below}/live`, `${below}/ready`];
}

const HOUR_MS = 3_600_000;
const loopDelay = integerOption('false, or milliseconds', { min: 20, max: 60_000 }, () => 1_000);

const TABLE: { readonly [K in keyof ResolvedHealth]: Option<ResolvedHealth[K]> } = {
  path: pathOption('/health'),
  port: portOption,
  host: hostOption,
  access: accessOption,
  timeoutMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => 2_000),
  cacheMs: integerOption('milliseconds', { min: 0, max: HOUR_MS }, () => 1_000),
  maxLoopDelayMs: { ...loopDelay, read: (value) => (value === false ? false : loopDelay.read(value)) },
  services: {
    takes: 'a list of names of services',
    fallback: () => [],
    read: (value) => {
      if (!Array.isArray(value) || value.some((name) => typeof name !== 'string' || name === '')) throw new OptionProblem();
      return Object.freeze([...value]);
    },
  },
};

/** What is wrong in it is said; the whole may hold a token. */
export const healthOption: Option<ResolvedHealth | false> = { ...groupOption('health', TABLE), isSecret: true };

/** About one check. */
export interface CheckOptions {
  /** Milliseconds that it may take: see {@link HealthOptions.timeoutMs}. @default the option `health.timeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds for which its result counts: see {@link HealthOptions.cacheMs}. @default the option `health.cacheMs` */
  readonly cacheMs?: number | undefined;
  /**
   * Whether the process is of no use without it; `false`: it is shown, and the process stays ready. What all instances share takes
   * all of them out of the balance at once where it is critical. @default true
   */
  readonly isCritical?: boolean | undefined;
}

export interface ResolvedCheck {
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly isCritical: boolean;
}

export function checkTable({ timeoutMs, cacheMs }: ResolvedHealth): {
  readonly [K in keyof ResolvedCheck]: Option<ResolvedCheck[K]>;
} {
  return {
    timeoutMs: integerOption('milliseconds', { min: 1, max: 60_000 }, () => timeoutMs),
    cacheMs: integerOption('milliseconds', { min: 0, max: HOUR_MS }, () => cacheMs),
    isCritical: booleanOption(true),
  };
}
