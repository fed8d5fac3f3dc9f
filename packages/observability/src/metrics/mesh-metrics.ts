import type { CallEnd, CallObserver, Clock, MeshPart } from '@express-micro/core';
import { createBoundedLabels } from './bounded-labels.ts';
import { Buckets } from './buckets.ts';
import type { Family, Sample } from './family.ts';

/** A call over a link takes a fraction of a millisecond, one that fails its deadline ten seconds. */
const CALL_BUCKETS: readonly number[] = Object.freeze([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]);

/** Services and functions are few; a caller that makes up names is stopped here. */
const MAX_VALUES = 500;
const MAX_SERIES = 2_000;

/** https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/: `rpc.client.call.duration`. */
const CALLS = 'rpc_client_call_duration_seconds';
const SYSTEM = 'express_micro';

/** What each counter of the mesh is called, and what it says; several may be one metric with a label. */
const COUNTERS: readonly (readonly [counter: string, name: string, labels: Readonly<Record<string, string>>, help: string])[] = [
  ['attemptsOverHttp', 'mesh_attempts_total', { transport: 'http' }, 'Attempts of calls that were sent, by the way they took.'],
  ['attemptsOverLink', 'mesh_attempts_total', { transport: 'link' }, ''],
  ['attemptsInProcess', 'mesh_attempts_total', { transport: 'in-process' }, ''],
  ['calls', 'mesh_calls_total', {}, 'Calls made to other services, each once however often it was tried.'],
  ['retries', 'mesh_retries_total', {}, 'Attempts after the first of a call.'],
  ['retriesRefused', 'mesh_retries_refused_total', {}, 'Calls that failed because the retry budget was spent.'],
  ['hedges', 'mesh_hedges_total', {}, 'Second attempts of calls that took long.'],
  ['hedgesWon', 'mesh_hedges_won_total', {}, 'Calls whose hedge answered first.'],
  ['fallbacks', 'mesh_fallbacks_total', {}, 'Calls that gave the value of their fallback.'],
  ['deadlinesExceeded', 'mesh_deadlines_exceeded_total', {}, 'Calls that ended by their deadline.'],
  ['cancellations', 'mesh_cancellations_total', {}, 'Calls that their caller took back.'],
  ['ejections', 'mesh_ejections_total', {}, 'Times that a failing instance was taken out of the balance.'],
  ['readmissions', 'mesh_readmissions_total', {}, 'Times that one was taken back.'],
  ['queued', 'mesh_queued_total', {}, 'Calls that waited for a place at an instance.'],
  ['bulkheadRefused', 'mesh_bulkhead_refused_total', {}, 'Calls that found no place at an instance.'],
  ['served', 'mesh_requests_served_total', {}, 'Requests of others that were let in.'],
  ['shed', 'mesh_requests_shed_total', {}, 'Requests that were refused for overload.'],
  ['expired', 'mesh_requests_expired_total', {}, 'Requests whose time was up when they came.'],
  ['forbidden', 'mesh_requests_forbidden_total', {}, 'Requests that the option "allow" refused.'],
  ['replayed', 'mesh_requests_replayed_total', {}, 'Requests answered from what was kept under an Idempotency-Key.'],
  ['replayRefused', 'mesh_requests_replay_refused_total', {}, 'Requests refused for their Idempotency-Key.'],
];

export interface MeshMetrics {
  collect(): Family[];
  stop(): void;
}

/** What the mesh of an app does: who is there, how calls to them go, what is refused. Read at each scrape, but for the calls. */
export function createMeshMetrics(mesh: MeshPart, clock: Clock): MeshMetrics {
  const names = createBoundedLabels(['rpc_service', 'rpc_method', 'error_type'], {
    maxValues: MAX_VALUES,
    maxSeries: MAX_SERIES,
  });
  const calls = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly buckets: Buckets }>();
  /** The same by names as they come, which is quicker than one text of all three; only of those that are within the bounds. */
  const quick = new Map<string, Map<string, Map<string, Buckets>>>();
  const changes = { up: 0, down: 0 };
  let isOverloaded = false;
  let drainPhase: unknown;
  let isSourceLost = false;

  function bucketsOf(service: string, method: string, error: string): Buckets {
    const known = quick.get(service)?.get(method)?.get(error);
    if (known !== undefined) return known;
    const { key, labels } = names.bound({ rpc_service: service, rpc_method: method, error_type: error });
    const found = calls.get(key) ?? { labels, buckets: new Buckets(CALL_BUCKETS) };
    calls.set(key, found);
    if (labels.rpc_service === service && labels.rpc_method === method && labels.error_type === error) {
      const ofService = quick.get(service) ?? new Map<string, Map<string, Buckets>>();
      const ofMethod = ofService.get(method) ?? new Map<string, Buckets>();
      quick.set(service, ofService.set(method, ofMethod.set(error, found.buckets)));
    }
    return found.buckets;
  }

  const observer: CallObserver = {
    begin: ({ service, function: name, context }) => ({
      end: ({ errorType = '', durationMs }: CallEnd) =>
        bucketsOf(service, name, errorType).observeIn(context, durationMs / 1_000, clock),
    }),
  };

  const stops = [
    mesh.observeCalls(observer),
    mesh.on('change', (instance) => {
      changes[(instance as { status: string }).status === 'UP' ? 'up' : 'down'] += 1;
    }),
    mesh.on('overload', (is) => {
      isOverloaded = is === true;
    }),
    mesh.on('drain', (phase) => {
      drainPhase = phase;
    }),
    mesh.on('source', (event) => {
      isSourceLost = (event as { status?: unknown } | undefined)?.status === 'lost';
    }),
  ];

  function callFamily(): Family {
    const samples = [...calls.values()].flatMap(({ labels, buckets }) =>
      buckets.samples(CALLS, { rpc_system_name: SYSTEM, ...labels }),
    );
    const help =
      'Seconds that calls to other services took, retries and waiting included; error_type is empty where they went well.';
    return { name: CALLS, help, type: 'histogram', samples };
  }

  function counted(): Family[] {
    const counters = mesh.counters();
    const families = new Map<string, { help: string; samples: Sample[] }>();
    for (const [counter, name, labels, help] of COUNTERS) {
      const family = families.get(name) ?? { help, samples: [] };
      families.set(name, family);
      family.samples.push({ name, labels, value: counters[counter] ?? 0 });
    }
    return [...families].map(([name, { help, samples }]) => ({ name, help, type: 'counter', samples }));
  }

  function members(): Family {
    const counts = new Map<string, { service: string; status: string; count: number }>();
    for (const { service, status } of mesh.instances()) {
      // Both rows from the first sight on: one that goes away would look like one that was never there.
      for (const one of ['UP', 'DOWN']) {
        const row = counts.get(`${one} ${service}`) ?? { service, status: one, count: 0 };
        counts.set(`${one} ${service}`, row);
        if (one === status) row.count += 1;
      }
    }
    const samples = [...counts.values()].map(({ service, status, count }) => ({
      name: 'mesh_members',
      labels: { service, status: status.toLowerCase() },
      value: count,
    }));
    return { name: 'mesh_members', help: 'Instances of other services that are known.', type: 'gauge', samples };
  }

  return {
    collect() {
      const { linksOut = 0, linksIn = 0 } = mesh.counters();
      return [
        callFamily(),
        ...counted(),
        members(),
        {
          name: 'mesh_membership_changes_total',
          help: 'Times that an instance of another service came up, or went down.',
          type: 'counter',
          samples: Object.entries(changes).map(([change, value]) => ({
            name: 'mesh_membership_changes_total',
            labels: { change },
            value,
          })),
        },
        gauge('mesh_links', 'Links that are open now.', [
          [{ direction: 'out' }, linksOut],
          [{ direction: 'in' }, linksIn],
        ]),
        gauge('mesh_ready', '1 until this process begins to leave.', [[{}, mesh.isReady() ? 1 : 0]]),
        gauge('mesh_draining', '1 while this process leaves.', [
          [{}, drainPhase === undefined || drainPhase === 'closed' ? 0 : 1],
        ]),
        gauge('mesh_overloaded', '1 while this process refuses requests for overload.', [[{}, isOverloaded ? 1 : 0]]),
        gauge('mesh_source_up', '0 while the engine in which the others are found is lost.', [[{}, isSourceLost ? 0 : 1]]),
      ];
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}

function gauge(name: string, help: string, rows: readonly (readonly [Readonly<Record<string, string>>, number])[]): Family {
  return { name, help, type: 'gauge', samples: rows.map(([labels, value]) => ({ name, labels, value })) };
}
