/** How spans are made and where they go, as the environment says it, in OpenTelemetry's own names. */
export interface Settings {
  readonly isDisabled: boolean;
  readonly exporter: 'otlp' | 'console' | 'none';
  readonly protocol: 'http/protobuf' | 'grpc';
  /** Share of new traces that are kept whatever becomes of them; a trace that came is kept where its sender keeps it. */
  readonly ratio: number;
  /** Whether what came with a request decides about its trace. */
  readonly isParentBased: boolean;
  /** Which of the others are kept all the same, because of what became of them. */
  readonly keep: Keep;
  readonly propagators: readonly string[];
  readonly withoutInstrumentations: ReadonlySet<string>;
  /** What was given and is none, each with what is done instead. */
  readonly problems: readonly string[];
}

export interface Keep {
  readonly errors: boolean;
  /** Milliseconds from which a request counts as slow; `undefined`: none does. */
  readonly slowMs: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SLOW_MS = 1_000;

/**
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 *
 * What is none of the values that a variable takes is said, and its default taken: an app must not fail to start for how it is
 * watched.
 */
export function readSettings(env: Environment): Settings {
  const problems: string[] = [];
  const given = (name: string) => {
    const value = env[name]?.trim();
    return value === '' ? undefined : value;
  };

  function oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const value = given(name);
    if (value === undefined || (values as readonly string[]).includes(value)) return (value as T | undefined) ?? fallback;
    problems.push(`${name} is "${value}"; it takes ${values.join(', ')}. It counts as ${fallback}.`);
    return fallback;
  }

  const sampler = oneOf('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on');
  return {
    isDisabled: given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true',
    exporter: oneOf('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'], 'otlp'),
    protocol: oneOf(
      given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === undefined
        ? 'OTEL_EXPORTER_OTLP_PROTOCOL'
        : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
      ['http/protobuf', 'grpc'],
      'http/protobuf',
    ),
    ratio: ratioOf(sampler, given('OTEL_TRACES_SAMPLER_ARG'), problems),
    isParentBased: sampler.startsWith('parentbased_'),
    keep: {
      errors: oneOf('EXPRESS_MICRO_TRACES_KEEP_ERRORS', ['true', 'false'], 'true') === 'true',
      slowMs: slowMsOf(given('EXPRESS_MICRO_TRACES_KEEP_SLOW_MS'), problems),
    },
    propagators: propagatorsOf(given('OTEL_PROPAGATORS'), problems),
    withoutInstrumentations: new Set((given('OTEL_NODE_DISABLED_INSTRUMENTATIONS') ?? '').split(',').map((name) => name.trim())),
    problems,
  };
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

function ratioOf(sampler: (typeof SAMPLERS)[number], argument: string | undefined, problems: string[]): number {
  if (sampler.endsWith('always_on')) return 1;
  if (sampler.endsWith('always_off')) return 0;
  const ratio = argument === undefined ? 1 : Number(argument);
  if (ratio >= 0 && ratio <= 1) return ratio;
  problems.push(`OTEL_TRACES_SAMPLER_ARG is "${argument}"; it takes a share from 0 to 1. It counts as 1: every trace is kept.`);
  return 1;
}

function slowMsOf(value: string | undefined, problems: string[]): number | undefined {
  if (value === undefined) return SLOW_MS;
  if (value === 'off') return undefined;
  const slowMs = Number(value);
  if (slowMs >= 1 && slowMs <= 3_600_000) return slowMs;
  problems.push(
    `EXPRESS_MICRO_TRACES_KEEP_SLOW_MS is "${value}"; it takes milliseconds from 1 to 3600000, or off. It counts as ${SLOW_MS}.`,
  );
  return SLOW_MS;
}

const PROPAGATORS = ['tracecontext', 'baggage'];

function propagatorsOf(value: string | undefined, problems: string[]): readonly string[] {
  if (value === undefined) return PROPAGATORS;
  const names = value.split(',').map((name) => name.trim());
  for (const name of names)
    if (!PROPAGATORS.includes(name) && name !== 'none')
      problems.push(`OTEL_PROPAGATORS has "${name}"; it takes tracecontext, baggage, none. It is left out.`);
  return names.filter((name) => PROPAGATORS.includes(name));
}
