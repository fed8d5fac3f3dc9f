import { fixture, newKey, type Program, startProgram } from './processes.test-support.ts';
import type { Receiver } from './receiver.test-support.ts';

export type Kind = 'import' | 'require';
export const KINDS: readonly Kind[] = ['import', 'require'];

export interface TracedOptions {
  readonly kind?: Kind;
  readonly receiver?: Receiver | undefined;
  readonly protocol?: 'http/protobuf' | 'grpc';
  readonly transport?: 'http';
  readonly key?: string;
  /** Addresses of others, and the names of those that are waited for. */
  readonly peers?: readonly string[];
  readonly knows?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What is given to Node before the program; ours by default. */
  readonly preload?: readonly string[];
  /** Of the fixture: see `fixtures/traced-app.cjs`. */
  readonly plan?: Readonly<Record<string, unknown>>;
}

export interface Traced extends Program {
  readonly url: string;
  /** What it logged. */
  logged(): readonly Readonly<Record<string, unknown>>[];
}

const REGISTER = '@express-micro/observability/register';

/** Starts an app of `fixtures/traced-*` with the SDK before it, and waits until it listens. */
export async function startTraced(service: string, options: TracedOptions = {}): Promise<Traced> {
  const program = launchTraced(service, options);
  const { url } = await program.line('it listens', ({ event }) => event === 'ready', { withinMs: 30_000 });
  return {
    ...program,
    url: url as string,
    logged: () =>
      program
        .stdout()
        .split('\n')
        .filter((line) => line.startsWith('{"level"'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

export function launchTraced(service: string, options: TracedOptions = {}): Program {
  const {
    kind = 'import',
    receiver,
    protocol = 'http/protobuf',
    transport,
    key = newKey(),
    peers = [],
    knows = [],
    env,
    plan,
  } = options;
  const { preload = [`--${kind}`, REGISTER] } = options;
  return startProgram(fixture(kind === 'import' ? 'traced-import.js' : 'traced-require.cjs'), {
    nodeArgs: preload,
    env: {
      FIXTURE: JSON.stringify({ service, transport, knows, ...plan }),
      NODE_ENV: 'production',
      EXPRESS_MICRO_PEERS: peers.join(','),
      EXPRESS_DISCOVERY_KEY: key,
      LOG_LEVEL: 'http',
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      ...(receiver !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? receiver.grpc : receiver.http }),
      OTEL_BSP_SCHEDULE_DELAY: '50',
      ...env,
    },
  });
}

/** Three of them, each of which knows the next: what a request to the first one may cross. */
export async function startThree(options: TracedOptions): Promise<readonly [Traced, Traced, Traced]> {
  const c = await startTraced('c', options);
  const b = await startTraced('b', { ...options, peers: [c.url], knows: ['c'] });
  const a = await startTraced('a', { ...options, peers: [b.url], knows: ['b', 'c'] });
  return [a, b, c];
}
