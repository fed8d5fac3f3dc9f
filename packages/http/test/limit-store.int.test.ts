import { memoryLimitStore } from '../src/index.ts';
import { describeLimitStore } from './limit-store.test-support.ts';

describeLimitStore({ name: 'memory', open: async () => ({ store: memoryLimitStore(), close: () => {} }) });
