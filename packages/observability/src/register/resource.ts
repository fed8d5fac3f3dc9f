import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
}

/**
 * Who this process is: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, and what can be found out: host, process, name and version
 * of the app's package, `NODE_ENV` as its environment.
 * https://opentelemetry.io/docs/specs/semconv/resource/
 */
export function describeProcess(env: Readonly<Record<string, string | undefined>>, main: string | undefined): Resource {
  const { name, version } = main === undefined ? {} : manifestAbove(dirname(main));
  const found = resourceFromAttributes({
    'service.name': textOf(name) ?? 'unnamed-service',
    ...(textOf(version) !== undefined && { 'service.version': textOf(version) }),
    // The command line is left out, because secrets stand in some.
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    ...(env.NODE_ENV !== undefined && { 'deployment.environment.name': env.NODE_ENV }),
  });
  const detected = detectResources({ detectors: [hostDetector, serviceInstanceIdDetector, envDetector] });
  // The later wins, and the environment is the operator's word.
  return defaultResource().merge(found).merge(detected);
}

/** The nearest that has a name: beside what a compiler wrote there often is one that says no more than which modules it wrote. */
function manifestAbove(folder: string): Manifest {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = manifestIn(at);
    if (textOf(manifest?.name) !== undefined) return manifest as Manifest;
    if (dirname(at) === at) return {};
  }
}

function manifestIn(folder: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest | null;
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
