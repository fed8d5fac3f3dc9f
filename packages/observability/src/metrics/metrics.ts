import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Clock, keepContext, type Log, type MeshPart } from '@express-micro/core';
import { createAccess } from '../endpoints/access.ts';
import { answerBytes, type Endpoint } from '../endpoints/endpoints.ts';
import type { RequestObserver } from '../request/observed-request.ts';
import { createConnectionCount } from './connections.ts';
import { createCustomMetrics } from './create-custom.ts';
import type { CustomMetrics } from './custom-metrics.ts';
import { CONTENT_TYPES, type Format, toText } from './exposition.ts';
import type { Collect, Family } from './family.ts';
import { createMeshMetrics, type MeshMetrics } from './mesh-metrics.ts';
import type { ResolvedMetrics } from './options.ts';
import { collectProcess, createPromMetrics, watchProcess } from './prom-client.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { type RoutedApp, watchRoutes } from './route-pattern.ts';

/** What is counted and measured, and the page on which it is read. */
export interface Metrics extends CustomMetrics {
  /** The page as it is now, as `/metrics` has it. */
  text(format?: Format): Promise<string>;
}

/** The same, for who puts the parts of an app together. */
export interface MetricsPart {
  readonly metrics: Metrics;
  readonly observer: RequestObserver;
  readonly endpoint: Endpoint;
  /** Puts more on the page. */
  add(collect: Collect): void;
  /** Shows what the mesh does, from now on. Answers how to stop. */
  watchMesh(mesh: MeshPart): () => void;
  close(): void;
}

export interface MetricsSurroundings {
  readonly app: RoutedApp;
  readonly clock: Clock;
  readonly log: Log;
  /** `false`: only what the app counts itself. */
  readonly isMeasuring: boolean;
}

/** Below this a page is not worth to be compressed. */
const MIN_GZIP_BYTES = 1_024;

/** Ours, and what prom-client calls its own. */
const TAKEN =
  /^(process|nodejs|mesh)_|^(http_request_duration_seconds|http_requests_in_flight|rpc_client_call_duration_seconds|active_connections|health_check_up)(_total)?$/;

const compress = promisify(gzip);

/**
 * Metrics of one app: its requests, its connections, its mesh, its process, and those of its own. Nothing is kept in what
 * prom-client shares in a process, so several apps in one do not get in each other's way.
 */
export function createMetrics(options: ResolvedMetrics, { app, clock, log, isMeasuring }: MetricsSurroundings): MetricsPart {
  const { maxLabelValues, maxSeries, buckets } = options;
  const prom = createPromMetrics();
  const requests = createRequestMetrics(buckets, clock);
  const connections = createConnectionCount(app);
  const more: Collect[] = [];
  let mesh: MeshMetrics | undefined;
  if (isMeasuring) {
    watchRoutes(app);
    watchProcess();
  }
  // Exemplars ask whose request it is in which something is observed.
  keepContext();
  const custom = createCustomMetrics({
    clock,
    log,
    prom,
    bounds: { maxValues: maxLabelValues, maxSeries },
    isTaken: (name) => TAKEN.test(name),
  });

  async function collect(): Promise<readonly Family[]> {
    const families = await Promise.all([
      requests.collect(),
      connections.collect(),
      mesh?.collect() ?? [],
      ...more.map((collect) => collect()),
      custom.collect(),
      isMeasuring ? collectProcess() : [],
    ]);
    return families.flat();
  }

  /** Who asks while a page is made gets that page: several Prometheus servers cost as much as one. */
  const underWay = new Map<Format, Promise<string>>();
  function text(format: Format = 'prometheus'): Promise<string> {
    const running = underWay.get(format);
    if (running !== undefined) return running;
    const page = collect()
      .then((families) => toText(families, format))
      .finally(() => underWay.delete(format));
    underWay.set(format, page);
    return page;
  }

  const { counter, gauge, histogram, summary } = custom;
  return {
    metrics: Object.freeze({ counter, gauge, histogram, summary, text }),
    observer: requests.observer,
    endpoint: {
      path: options.path,
      access: createAccess(options.access),
      isForAll: false,
      async answer(req, res) {
        const format = formatFor(req);
        const page = await text(format);
        const headers = { 'content-type': CONTENT_TYPES[format], vary: 'accept, accept-encoding' };
        if (!takesGzip(req) || page.length < MIN_GZIP_BYTES) answerBytes(res, 200, headers, page);
        else answerBytes(res, 200, { ...headers, 'content-encoding': 'gzip' }, await compress(page));
      },
    },
    add: (collect) => void more.push(collect),
    watchMesh(part) {
      const watched = createMeshMetrics(part, clock);
      mesh = watched;
      return () => {
        watched.stop();
        if (mesh === watched) mesh = undefined;
      };
    },
    close() {
      mesh?.stop();
      connections.stop();
    },
  };
}

/** OpenMetrics where it is asked for at least as much as the older text, which is what everybody reads. */
function formatFor({ headers }: IncomingMessage): Format {
  const accept = headers.accept ?? '';
  const open = quality(accept, 'application/openmetrics-text');
  return open > 0 && open >= quality(accept, 'text/plain') ? 'openmetrics' : 'prometheus';
}

function takesGzip({ headers }: IncomingMessage): boolean {
  return quality(String(headers['accept-encoding'] ?? ''), 'gzip') > 0;
}

/** The highest weight that a list of an `Accept…` header gives a name (RFC 9110, 12.4.2); 0 where it has none. */
function quality(list: string, name: string): number {
  let highest = 0;
  for (const entry of list.split(',').slice(0, 50)) {
    const [value = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    if (value !== name) continue;
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (weight > highest) highest = weight;
  }
  return highest;
}
