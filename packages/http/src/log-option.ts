import { type Log, type Option, OptionProblem } from '@express-micro/core';

export function logOption(fallback: Log): Option<Log> {
  return {
    takes: 'a log with the methods info, warn and error: console, or that of createLogger()',
    fallback: () => fallback,
    read: (value) => {
      const log = value as Partial<Record<string, unknown>> | null;
      const isLog =
        typeof log === 'object' && log !== null && ['info', 'warn', 'error'].every((level) => typeof log[level] === 'function');
      if (!isLog) throw new OptionProblem();
      return value as Log;
    },
  };
}
