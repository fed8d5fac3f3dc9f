import { type Log, type Option, OptionProblem, silentLog } from '@express-micro/core';

/** `false` is silence. */
export function logOption(fallback: Log): Option<Log> {
  return {
    takes: 'false, or a log with the methods info, warn and error: console, or that of createLogger()',
    fallback: () => fallback,
    read: (value) => {
      if (value === false) return silentLog;
      const log = Object(value) as Partial<Record<string, unknown>>;
      if (!['info', 'warn', 'error'].every((level) => typeof log[level] === 'function')) throw new OptionProblem();
      return value as Log;
    },
  };
}
