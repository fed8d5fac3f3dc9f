import { type Clock, type Log, type MeshPart, resolveOptions } from '@express-micro/core';
import { createAccess } from '../endpoints/access.ts';
import { answerBytes, type Endpoint } from '../endpoints/endpoints.ts';
import { optionInvalid } from '../errors.ts';
import type { Family } from '../metrics/family.ts';
import { type Check, type CheckResult, type CheckRun, createCheck } from './check.ts';
import { watchLoop } from './loop-watch.ts';
import { type CheckOptions, checkTable, pathsOf, type ResolvedHealth } from './options.ts';

/** What `GET /health/ready` answers. */
export interface HealthReport {
  /** `degraded` where something critical is not well: send no requests. */
  readonly status: 'ready' | 'degraded';
  /** ISO 8601. */
  readonly timestamp: string;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

export interface CheckReport {
  readonly status: 'up' | 'down';
  /** Milliseconds that the check took. */
  readonly latency?: number;
  /** Why it is down: the text of the error for who may know it (option `health.access`), a word for everybody else. */
  readonly error?: string;
}

/** What this process needs to be of use, and whether it has it. */
export interface Health {
  /**
   * Adds a check: a function that throws, or rejects, when what it looks at is not well.
   * Answers how to take it back. @throws OBSERVABILITY_OPTION_INVALID
   *
   * @example
   * health.check('database', () => pool.query('SELECT 1'));
   */
  check(name: string, run: CheckRun, options?: CheckOptions): () => void;
  /** The same as the page, with the texts of errors. */
  report(): Promise<HealthReport>;
}

/** The same, for who puts the parts of an app together. */
export interface HealthPart {
  readonly health: Health;
  readonly endpoints: readonly Endpoint[];
  /** The last results as metrics: nothing is asked for a scrape. */
  collect(): readonly Family[];
  close(): void;
}

export interface HealthSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly mesh: () => MeshPart | undefined;
  readonly isLeaving: () => boolean;
}

const ALIVE = '{"status":"alive"}';
/** What this package finds out by itself. */
const LEAVING = 'leaving';
const EVENT_LOOP = 'eventLoop';
const MESH = 'mesh';

export function createHealth(options: ResolvedHealth, { clock, log, mesh, isLeaving }: HealthSurroundings): HealthPart {
  const checks = new Map<string, Check>();
  const loop = options.maxLoopDelayMs === false ? undefined : watchLoop(options.maxLoopDelayMs, clock);
  const access = createAccess(options.access);
  const [livePath, readyPath] = pathsOf(options);

  /** Known without asking anybody. */
  function ownResults(): [string, CheckResult][] {
    const results: [string, CheckResult][] = [];
    const part = mesh();
    if (isLeaving() || part?.isReady() === false) results.push([LEAVING, down('leaving', 'this process is about to end')]);
    if (loop !== undefined) {
      const latencyMs = loop.delayMs;
      const detail = `the event loop was late by more than ${options.maxLoopDelayMs} ms several times within 10 s`;
      results.push([EVENT_LOOP, loop.isStalled() ? down('busy', detail, latencyMs) : { isUp: true, latencyMs }]);
    }
    if (options.services.length > 0) results.push([MESH, membership(part, options.services)]);
    return results;
  }

  async function look(): Promise<{ readonly isReady: boolean; readonly results: readonly (readonly [string, CheckResult])[] }> {
    const looked = await Promise.all([...checks].map(async ([name, check]) => [name, await check.look(), check] as const));
    const own = ownResults();
    const isReady = own.every(([, { isUp }]) => isUp) && looked.every(([, { isUp }, { isCritical }]) => isUp || !isCritical);
    return { isReady, results: [...own, ...looked.map(([name, result]) => [name, result] as const)] };
  }

  async function report(isAdmitted: boolean): Promise<HealthReport> {
    const { isReady, results } = await look();
    return {
      status: isReady ? 'ready' : 'degraded',
      timestamp: new Date(clock.epochMs()).toISOString(),
      checks: Object.fromEntries(results.map(([name, result]) => [name, reportOf(result, isAdmitted)])),
    };
  }

  return {
    health: Object.freeze({
      check(name: string, run: CheckRun, given?: CheckOptions) {
        const owner = `health.check(${JSON.stringify(name)}, …)`;
        if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name) || name === '__proto__')
          throw optionInvalid(`${owner}: a name is of 1 to 64 letters, digits, "_", "." and "-".`, {});
        if (typeof run !== 'function') throw optionInvalid(`${owner} takes a function that throws when something is wrong.`, {});
        if (checks.has(name) || [LEAVING, EVENT_LOOP, MESH].includes(name))
          throw optionInvalid(`${owner}: there is a check of that name already.`, { name });
        const onChange = ({ isUp, word, detail }: CheckResult) => {
          if (isUp) log.info(`the health check "${name}" is well again`);
          else log.warn(`the health check "${name}" ${word}: ${detail}`);
        };
        const check = createCheck(run, resolveOptions(owner, checkTable(options), given, optionInvalid), clock, onChange);
        checks.set(name, check);
        return () => {
          if (checks.get(name) === check) checks.delete(name);
        };
      },
      report: () => report(true),
    }),

    endpoints: [
      {
        path: livePath,
        access,
        isForAll: true,
        answer: (_req, res) => answerBytes(res, 200, JSON_TYPE, ALIVE),
      },
      {
        path: readyPath,
        access,
        isForAll: true,
        async answer(_req, res, isAdmitted) {
          const given = await report(isAdmitted);
          answerBytes(res, given.status === 'ready' ? 200 : 503, JSON_TYPE, JSON.stringify(given));
        },
      },
    ],

    collect() {
      const known: (readonly [string, CheckResult | undefined])[] = [...checks].map(([name, { last }]) => [name, last]);
      const rows = [...ownResults(), ...known].flatMap(([name, result]) =>
        result === undefined ? [] : [[name, result] as const],
      );
      const samples = rows.map(([name, { isUp }]) => ({ name: 'health_check_up', labels: { check: name }, value: isUp ? 1 : 0 }));
      return [{ name: 'health_check_up', help: '1 where a health check last found all well.', type: 'gauge', samples }];
    },

    close: () => loop?.stop(),
  };
}

const JSON_TYPE = Object.freeze({ 'content-type': 'application/json; charset=utf-8' });

function reportOf({ isUp, latencyMs, word, detail }: CheckResult, isAdmitted: boolean): CheckReport {
  return isUp ? { status: 'up', latency: latencyMs } : { status: 'down', error: (isAdmitted ? detail : word) ?? 'failed' };
}

function down(word: string, detail: string, latencyMs = 0): CheckResult {
  return { isUp: false, latencyMs, word, detail };
}

function membership(mesh: MeshPart | undefined, services: readonly string[]): CheckResult {
  if (mesh === undefined) return down('missing', 'services are asked for, and this app is no member of a mesh');
  const there = new Set(mesh.instances().flatMap(({ service, status }) => (status === 'UP' ? [service] : [])));
  const absent = services.filter((service) => !there.has(service));
  return absent.length === 0 ? { isUp: true, latencyMs: 0 } : down('missing', `nobody can be called as ${absent.join(', ')}`);
}
