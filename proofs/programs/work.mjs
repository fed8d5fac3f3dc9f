/**
 * What a handler does: nothing; `burn 2`, two milliseconds of processor; or `pool 4 10`, ten milliseconds on one of four
 * connections to something else, for which it waits in line, and stops waiting when nobody wants the answer any more.
 * @param {string} [text]
 */
export function createWork(text = '') {
  const [kind, first, second] = text.split(' ');
  const workers = kind === 'pool' ? Number(first) : 0;
  /** @type {{ start: () => void }[]} */
  const line = [];
  const counts = { done: 0, abandoned: 0, longestLine: 0 };
  let free = workers;
  let isStalled = false;

  const next = () => {
    while (free > 0 && line.length > 0 && !isStalled) {
      free -= 1;
      line.shift()?.start();
    }
  };

  /** @param {import('express').Request} req */
  const onPool = (req) =>
    new Promise((resolve, reject) => {
      const signal = /** @type {{ signal?: AbortSignal }} */ (req).signal;
      const waiting = {
        start: () => {
          signal?.removeEventListener('abort', leave);
          setTimeout(() => {
            free += 1;
            counts.done += 1;
            next();
            resolve(undefined);
          }, Number(second));
        },
      };
      const leave = () => {
        counts.abandoned += 1;
        line.splice(line.indexOf(waiting), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      line.push(waiting);
      counts.longestLine = Math.max(counts.longestLine, line.length);
      next();
    });

  return {
    /** @param {import('express').Request} req */
    async do(req) {
      if (kind === 'burn') {
        const endMs = performance.now() + Number(first);
        while (performance.now() < endMs);
        counts.done += 1;
      } else if (kind === 'pool') await onPool(req);
    },
    counts: () => ({ ...counts }),
    stall() {
      isStalled = true;
    },
    resume() {
      isStalled = false;
      next();
    },
  };
}
