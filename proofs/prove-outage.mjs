import { createFleet, freePort, progress, until } from './fleet.mjs';

const BEFORE_S = 5;
/** Two instances, each with four connections of 10 ms: 800 calls a second. */
const WORK = 'pool 4 10';
const RPS = 640;
const TIMEOUT_MS = 1_000;
const GOOD = 0.95;
/** So many windows before the outage have to be good, or it was none that ended. A busy machine has a bad one now and then. */
const USUALLY = 0.75;
/** So long it must be good to count as well again. */
const STEADY_MS = 1_000;

/** @type {Readonly<Record<string, { begin: (member: import('./fleet.mjs').Member) => unknown, end: (member: import('./fleet.mjs').Member) => unknown }>>} */
export const OUTAGES = {
  'the database does not answer': { begin: (one) => one.ask({ what: 'stall' }), end: (one) => one.ask({ what: 'resume' }) },
  'the database refuses: 500 at once': {
    begin: (one) => one.ask({ what: 'fail', isDown: true }),
    end: (one) => one.ask({ what: 'fail', isDown: false }),
  },
  'the processes stand still (SIGSTOP)': { begin: (one) => one.kill('SIGSTOP'), end: (one) => one.kill('SIGCONT') },
};

const wait = (/** @type {number} */ seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/**
 * @param {string} name one of {@link OUTAGES}
 * @param {{ outageS?: number, afterS?: number, apartMs?: number }} [times] `apartMs`: so much sooner it begins for one of the two
 */
export async function proveOutage(name, { outageS = 10, afterS = 15, apartMs = 0 } = {}) {
  progress(`outage of ${outageS} s: ${name}`);
  const outage = OUTAGES[name];
  if (outage === undefined) throw new Error(`no outage ${name}`);
  const fleet = createFleet();
  try {
    const ports = await Promise.all([freePort(), freePort()]);
    const peers = ports.map((port) => `http://127.0.0.1:${port}`);
    const members = await Promise.all(ports.map((port) => fleet.start('orders', { port, peers, env: { WORK } })));
    const caller = await fleet.start('caller', { port: await freePort(), peers });
    await until('the caller knows both', async () => (await caller.ask({ what: 'up' })).length === 2);
    const loading = caller.ask({
      what: 'load',
      rps: RPS,
      seconds: BEFORE_S + outageS + afterS,
      options: { timeoutMs: TIMEOUT_MS },
    });
    await wait(BEFORE_S - apartMs / 1_000);
    const [first, ...others] = members;
    if (first === undefined) throw new Error('nobody was started');
    await outage.begin(first);
    await wait(apartMs / 1_000);
    await Promise.all(others.map(outage.begin));
    await wait(outageS);
    await Promise.all(members.map(outage.end));
    const endedEpochMs = Date.now();
    const totals = await loading;
    if (totals.error !== undefined) throw new Error(totals.error);
    for (const [failure, count] of Object.entries(totals.failures)) progress(`${count} × ${failure}`);
    if (totals.counters.calls < totals.sent * 0.99)
      throw new Error(`${totals.sent} calls were sent and ${totals.counters.calls} counted`);
    return {
      totals,
      attempts: (totals.counters.calls + totals.counters.retries) / totals.counters.calls,
      recoveryMs: Math.min(recovery(totals, endedEpochMs - totals.startedEpochMs, { outageS, apartMs }), afterS * 1_000),
    };
  } finally {
    fleet.close();
  }
}

/**
 * Milliseconds from the end of the outage until calls are answered again, steadily.
 * @param {any} totals @param {number} endMs @param {{ outageS: number, apartMs: number }} times
 */
function recovery({ windows, windowMs }, endMs, { outageS, apartMs }) {
  const first = Math.ceil(endMs / windowMs);
  const steady = STEADY_MS / windowMs;
  const before = windows.slice(0, Math.floor((BEFORE_S * 1_000 - apartMs) / windowMs) - 1);
  const isGood = (/** @type {any} */ one) => one !== undefined && one.answered >= GOOD * one.sent;
  if (before.filter(isGood).length < before.length * USUALLY) throw new Error('it was not well before the outage either');
  // Calls that began shortly before the end have time enough to see it.
  const late = Math.ceil(TIMEOUT_MS / windowMs) + 1;
  const during = windows.slice(first - Math.floor(((outageS / 2) * 1_000) / windowMs), first - late);
  if (during.length === 0 || during.some(isGood)) throw new Error('there was no outage');
  for (let at = first; at + steady <= windows.length; at++) {
    if (windows.slice(at, at + steady).every(isGood)) return at * windowMs - endMs;
  }
  return Number.POSITIVE_INFINITY;
}
