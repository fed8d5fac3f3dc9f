import { isExpressApp, quickenServers } from '@express-micro/core';

const quick = new WeakSet<object>();

/** Once an Express app: its requests are born as Express wants them, which is worth more than what this package costs. */
export function quickenApp(app: unknown): void {
  if (!isExpressApp(app) || quick.has(app)) return;
  quick.add(app);
  quickenServers(app);
}
