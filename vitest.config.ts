import { defineConfig } from 'vitest/config';

// Tests beside the code run on the sources, without a build. Not `import`: Node would take that for `require` too, and give
// CommonJS packages the wrong entry of what they require.
const conditions = ['source', 'node'];
const onSources = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  test: {
    // Most tests wait for something most of the time: more of them than there are processors.
    maxWorkers: 3,
    projects: [
      { ...onSources, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/*.test.ts'] } },
      {
        ...onSources,
        test: {
          name: 'integration',
          include: ['packages/*/test/**/*.int.test.ts', 'test/together/**/*.int.test.ts'],
          testTimeout: 20_000,
        },
      },
      // On real engines, those of the sources killed in the middle. Node's version makes no difference there.
      {
        ...onSources,
        test: {
          name: 'sources',
          include: ['packages/*/test/sources/**/*.engine.test.ts', 'test/{sources,together}/**/*.engine.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // On the built packages, as users have them.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
