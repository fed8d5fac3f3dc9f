import { consoleLog, integerOption, type Log, type Option } from '@express-micro/core';
import { logOption } from '../log-option.ts';

export interface PluginsOptions {
  /** Milliseconds that each plugin may take to start. Raising it waits longer for one that hangs; lowering it gives up on a slow one. @default 10000 */
  readonly startTimeoutMs?: number | undefined;
  /** Milliseconds that each may take to stop. @default 5000 */
  readonly stopTimeoutMs?: number | undefined;
  /** @default standard error */
  readonly log?: Log | undefined;
}

const limit = (ms: number) => integerOption('milliseconds', { min: 1, max: 600_000 }, () => ms);

interface PluginsTable extends Record<string, Option<unknown>> {
  readonly startTimeoutMs: Option<number>;
  readonly stopTimeoutMs: Option<number>;
  readonly log: Option<Log>;
}

export const PLUGINS_TABLE: PluginsTable = {
  startTimeoutMs: limit(10_000),
  stopTimeoutMs: limit(5_000),
  log: logOption(consoleLog),
};
