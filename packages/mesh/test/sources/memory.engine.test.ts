import { systemClock } from '@express-micro/core';
import { createMemoryEngine } from '../../src/sources/memory-registry.test-support.ts';
import { registrySource } from '../../src/sources/registry-source.ts';
import { describeSource } from './conformance.test-support.ts';

describeSource({
  name: 'an engine in memory',
  pingIntervalMs: 600,
  hasEngine: true,
  async open() {
    const memory = createMemoryEngine(systemClock);
    return {
      engine: {
        async kill() {
          memory.fault = 'refuses';
        },
        async start() {
          memory.fault = undefined;
        },
        wipe: memory.wipe,
      },
      member: async () => ({ options: { source: registrySource('Memory', () => memory.registry()) }, end: () => {} }),
      spoil: async (value) => void memory.leases.set(value, { value, endsAtMs: Number.POSITIVE_INFINITY }),
      close: async () => {},
    };
  },
});
