// A chain of three: what becomes of the load, and of the time, when its last member fails.
import { createFleet, freePort, progress, until } from '../../proofs/fleet.mjs';
import { atMost } from '../report.mjs';
import { told } from './orders-fleet.mjs';

const AT_ONCE = 20;
const ROUNDS = 200;
const WAIT_MS = 25;
/** So many calls with so long each, of which the leaf answers none. */
const LATE = { rounds: 10, atOnce: 10, timeoutMs: 300 };
/** How much later a request may end than the time that it was given. */
const OVERSHOOT_MS = 50;

/** @typedef {import('../../proofs/fleet.mjs').Member} Member */
/** @typedef {{ front: Member, middle: Member, leaf: Member }} Chain */

/**
 * @template T
 * @param {'auto' | 'http'} transport @param {(chain: Chain) => Promise<T>} work
 */
async function withChain(transport, work) {
  const fleet = createFleet();
  try {
    const env = { OPTIONS: JSON.stringify({ transport }) };
    const [port, middlePort, frontPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const leaf = await fleet.start('hop', { port, peers: [], env: { ...env, SERVICE: 'leaf' } });
    const peers = [leaf.url];
    const middle = await fleet.start('hop', { port: middlePort, peers, env: { ...env, SERVICE: 'middle', NEXT: 'leaf' } });
    const front = await fleet.start('client', { port: frontPort, peers, env });
    await told(middle.ask({ what: 'ready', services: ['leaf'] }));
    await told(front.ask({ what: 'ready', services: ['middle', 'leaf'] }));
    return await work({ front, middle, leaf });
  } finally {
    fleet.close();
  }
}

/** @param {string} service @param {string} name @param {object} [options] */
const callOf = (service, name, options) => ({ service, name, options });

/**
 * @param {Member} front @param {ReturnType<typeof callOf>} call
 * @param {{ rounds: number, atOnce: number, waitMs?: number }} load
 */
function make(front, call, { rounds, atOnce, waitMs = 0 }) {
  return told(front.ask({ what: 'rounds', calls: [call], atOnce, waits: Array(rounds).fill(waitMs) }));
}

/** The ways to fail after which a call may be tried again. */
const FAILURES = ['answers 503 with Retry-After', 'answers 503 marked not executed', 'cuts the connection', 'is killed'];

/** @param {string} failure @returns {Promise<import('../report.mjs').Row>} */
async function measureAmplification(failure) {
  progress(`chain of 3: the leaf ${failure}`);
  return withChain('auto', async ({ front, middle, leaf }) => {
    const call = callOf('middle', 'getTask');
    const { ends } = await make(front, call, { rounds: 4, atOnce: AT_ONCE });
    if (ends.answered !== 4 * AT_ONCE) throw new Error(`the chain is not whole: ${JSON.stringify(ends)}`);
    if (failure === 'is killed') leaf.kill('SIGKILL');
    else if (!(await told(leaf.ask({ what: 'behave', how: failure })))) throw new Error(`a leaf that ${failure} is not known`);
    const before = await middle.ask({ what: 'counters' });
    const made = await make(front, call, { rounds: ROUNDS, atOnce: AT_ONCE, waitMs: WAIT_MS });
    const calls = ROUNDS * AT_ONCE;
    if (made.ends.answered !== undefined) throw new Error(`${made.ends.answered} calls were answered by a leaf that ${failure}`);
    const after = await middle.ask({ what: 'counters' });
    // A dead leaf counts nothing, so the attempts are counted where they are sent. That it is dead may be known before any.
    const attempts = sentBy(after) - sentBy(before);
    if (attempts < calls && failure !== 'is killed')
      throw new Error(`${attempts} attempts for ${calls} calls: the leaf was not tried`);
    const retries = `retries: front ${made.counters.retries}, middle ${after.retries - before.retries}`;
    const how = `${attempts} attempts for ${calls} calls of the front in ${((ROUNDS * WAIT_MS) / 1_000).toFixed(0)} s; ${retries}; ${JSON.stringify(made.ends)}`;
    return atMost(`chain of 3, the leaf ${failure}: attempts at the leaf a call`, attempts / calls, 1.5, '', how);
  });
}

/** @param {Record<string, number>} counters */
const sentBy = ({ attemptsOverHttp = Number.NaN, attemptsOverLink = Number.NaN }) => attemptsOverHttp + attemptsOverLink;

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureAmplifications() {
  const rows = [];
  for (const failure of FAILURES) rows.push(await measureAmplification(failure));
  return rows;
}

/** @param {'auto' | 'http'} transport @returns {Promise<import('../report.mjs').Row[]>} */
async function measureDeadline(transport) {
  const way = transport === 'http' ? 'over HTTP' : 'over the link';
  progress(`deadlines of a chain ${way}`);
  return withChain(transport, async ({ front, middle, leaf }) => {
    await make(front, callOf('middle', 'getTask'), { rounds: 20, atOnce: LATE.atOnce });
    const { handled } = await leaf.ask({ what: 'seen' });
    if (handled !== 20 * LATE.atOnce) throw new Error('the chain is not whole');
    const forget = () => Promise.all([middle, leaf].map((hop) => hop.ask({ what: 'forget' })));
    await forget();
    const { timeoutMs } = LATE;

    // The middle calls the leaf when its own time is up.
    const tooLate = await make(front, callOf('middle', 'getTaskLate', { timeoutMs }), LATE);
    // Requests that come with no time left, as a slow network brings them.
    const expired = await Promise.all(
      Array.from({ length: 100 }, () => fetch(`${leaf.url}/task`, { headers: { 'express-micro-deadline': '0' } })),
    );
    if (expired.some(({ status }) => status !== 504)) throw new Error('a request without time left was not answered 504');
    const ran = (await leaf.ask({ what: 'seen' })).handled;
    const inTime = (await middle.ask({ what: 'seen' })).handled;
    if (inTime !== LATE.rounds * LATE.atOnce) throw new Error(`${inTime} requests reached the middle`);

    await forget();
    await leaf.ask({ what: 'behave', how: 'never answers' });
    const made = await make(front, callOf('middle', 'getTask', { timeoutMs }), LATE);
    const calls = LATE.rounds * LATE.atOnce;
    // Both deadlines are one and the same moment: the middle may still have said 504 before the front gave up.
    const { 'MESH_DEADLINE_EXCEEDED 504': own = 0, 'MESH_REMOTE_STATUS 504': told504 = 0 } = made.ends;
    if (own + told504 !== calls) throw new Error(`calls ended otherwise: ${JSON.stringify(made.ends)}`);
    const ended = { front: made.tookMs.map((/** @type {number} */ ms) => ms - timeoutMs) };
    for (const [name, hop] of Object.entries({ middle, leaf })) {
      const isOver = async () => (await hop.ask({ what: 'seen' })).overshootsMs.length === calls;
      await until(`all ${calls} requests of the ${name} have ended`, isOver);
      Object.assign(ended, { [name]: (await hop.ask({ what: 'seen' })).overshootsMs });
    }
    const latest = Object.entries(ended).map(([name, all]) => ({ name, ms: Math.max(...all) }));
    const how = `${calls} calls of ${timeoutMs} ms; latest ${latest.map(({ name, ms }) => `${name} ${ms.toFixed(1)} ms`).join(', ')}`;
    return [
      atMost(
        `deadline expired, ${way}: handlers run`,
        ran,
        0,
        '',
        `${JSON.stringify(tooLate.ends)}; ${expired.length} with 0 ms left`,
      ),
      atMost('the same: nested overshoot, the latest of all', Math.max(...latest.map(({ ms }) => ms)), OVERSHOOT_MS, 'ms', how),
    ];
  });
}

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureDeadlines() {
  return [...(await measureDeadline('http')), ...(await measureDeadline('auto'))];
}
