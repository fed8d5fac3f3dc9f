import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { quickenServers } from './quick-servers.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('keeps no app alive that never listens', async () => {
  const ref = (() => {
    const app = { request: {}, response: {} };
    quickenServers(app);
    return new WeakRef(app);
  })();
  for (let round = 0; round < 10 && ref.deref() !== undefined; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect(ref.deref()).toBeUndefined();
});
