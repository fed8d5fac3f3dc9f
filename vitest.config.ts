import { defineConfig } from 'vitest/config';

// Tests beside the code run on the sources, without a build. Not `import`: Node would take that for `require` too, and give
// CommonJS packages the wrong entry of what they require.
const conditions = ['source', 'node'];
const onSources = { resolve: { conditions }, ssr: { resolve: { conditions } } };

const HEAVY = ['test/e2e/holding.e2e.test.ts', 'test/e2e/draining.e2e.test.ts'];

const ON_FASTIFY_TOO =
  'amplification attach balancing broken-answers call-limits calls cancellation close compression discovery hostile-parameters idempotency keep-alive lifetime link link-tls membership renewal resilience retries secret security serving shedding trust'.split(
    ' ',
  );

export default defineConfig({
  test: {
    // Most tests wait for something most of the time: more of them than there are processors.
    maxWorkers: 3,
    projects: [
      // Some run a compiler, or thousands of cases: on a busy machine that takes its time, which says nothing of the code.
      {
        ...onSources,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...onSources,
        test: {
          name: 'integration',
          include: ['packages/*/test/**/*.int.test.ts', 'test/together/**/*.int.test.ts'],
          testTimeout: 20_000,
        },
      },
      // What the plugin promises is the same on Fastify: the same files, with its apps in the clothes of Express's.
      {
        ...onSources,
        test: {
          name: 'integration-fastify',
          include: ON_FASTIFY_TOO.map((name) => `packages/express-micro/test/${name}.int.test.ts`),
          env: { FRAMEWORK: 'fastify' },
          testTimeout: 20_000,
        },
      },
      // On real engines, those of the sources killed in the middle. Node's version makes no difference there.
      {
        ...onSources,
        test: {
          name: 'sources',
          include: ['packages/*/test/**/*.engine.test.ts', 'test/{sources,together}/**/*.engine.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // On the built packages, as users have them. Their processes are many, and some are busy.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          exclude: HEAVY,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      // Whole fleets under load, whose times count: each has the machine to itself.
      {
        test: {
          name: 'load',
          include: HEAVY,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
