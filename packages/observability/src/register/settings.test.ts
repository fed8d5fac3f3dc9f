import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('the settings of traces', () => {
  it('are those of OpenTelemetry, every trace kept and sent over HTTP, where nothing is said', () => {
    expect(readSettings({})).toEqual({
      isDisabled: false,
      exporter: 'otlp',
      protocol: 'http/protobuf',
      ratio: 1,
      isParentBased: true,
      keep: { errors: true, slowMs: 1_000 },
      propagators: ['tracecontext', 'baggage'],
      withoutInstrumentations: new Set(['']),
      problems: [],
    });
  });

  it('take what the environment says', () => {
    const settings = readSettings({
      OTEL_SDK_DISABLED: 'TRUE',
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: ' 0.25 ',
      EXPRESS_MICRO_TRACES_KEEP_ERRORS: 'false',
      EXPRESS_MICRO_TRACES_KEEP_SLOW_MS: 'off',
      OTEL_PROPAGATORS: 'tracecontext',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg, redis',
    });
    expect(settings).toMatchObject({
      isDisabled: true,
      exporter: 'console',
      protocol: 'grpc',
      ratio: 0.25,
      isParentBased: false,
      keep: { errors: false, slowMs: undefined },
      propagators: ['tracecontext'],
      problems: [],
    });
    expect([...settings.withoutInstrumentations]).toEqual(['pg', 'redis']);
  });

  it.each([
    ['always_off', undefined, 0],
    ['parentbased_always_off', '1', 0],
    ['always_on', '0', 1],
    ['parentbased_traceidratio', undefined, 1],
    ['parentbased_traceidratio', '0', 0],
  ])('keep with %s and %s a share of %d', (sampler, argument, ratio) => {
    expect(readSettings({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument })).toMatchObject({
      ratio,
      problems: [],
    });
  });

  it('say what is none, and go on with the default', () => {
    const { problems, ...settings } = readSettings({
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_PROPAGATORS: 'b3,tracecontext,none',
      EXPRESS_MICRO_TRACES_KEEP_ERRORS: 'yes',
      EXPRESS_MICRO_TRACES_KEEP_SLOW_MS: '0',
    });
    expect(settings).toMatchObject({
      exporter: 'otlp',
      protocol: 'http/protobuf',
      ratio: 1,
      keep: { errors: true, slowMs: 1_000 },
      propagators: ['tracecontext'],
    });
    const told = problems.join('\n');
    for (const word of ['"zipkin"', '"http/json"', '"sometimes"', '"b3"', '"yes"', '"0"']) expect(told).toContain(word);
    expect(problems).toHaveLength(6);
    expect(readSettings({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.5' })).toMatchObject({
      ratio: 1,
      problems: [expect.stringContaining('"1.5"')],
    });
  });
});
