import { AppError } from '../app-errors.ts';

/**
 * So many at once, the others in the order in which they came, and no more of them than `maxWaiting`. Hashing takes memory, and threads
 * that files and names need as well: a flood of logins must not take all of either.
 */
export function createTurns(maxAtOnce: number, maxWaiting: number): <T>(run: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async (run) => {
    if (running >= maxAtOnce) {
      if (waiting.length >= maxWaiting) throw busy();
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    } else running += 1;
    try {
      return await run();
    } finally {
      // The place goes to the next one without being free in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function busy(): AppError {
  return new AppError('Too many logins at once', { status: 503, code: 'PASSWORDS_BUSY', headers: { 'retry-after': '5' } });
}
