// Connections are used again at the very moment in which they end for having been idle.
import { progress } from '../../proofs/fleet.mjs';
import { atMost } from '../report.mjs';
import { told, withOrders } from './orders-fleet.mjs';

const CALLS = 5_000;
const INSTANCES = 3;
/** Few at once, because a connection is idle from its own answer on, and that of the last of them comes later. */
const AT_ONCE = 40;
const CALLERS = 4;
const THROUGH_MS = 30;
const CALLERS_OWN = JSON.stringify({ transport: 'http', retry: false });

/**
 * Idle times swept through the boundary, once up and once down, so that no drift of timers looks like an order.
 * @param {number} boundaryMs @param {number} rounds
 */
function waitsAround(boundaryMs, rounds) {
  const step = (/** @type {number} */ at) => boundaryMs - THROUGH_MS / 2 + (THROUGH_MS * at) / Math.max(1, rounds - 1);
  return Array.from({ length: rounds }, (_, round) => step(round % 2 === 0 ? round : rounds - round));
}

/** @param {number} keepAliveMs of the servers @param {number} boundaryMs @param {number} calls */
function measureReuse(keepAliveMs, boundaryMs, calls) {
  progress(`${calls} calls around ${boundaryMs} ms, servers that keep connections for ${keepAliveMs} ms`);
  const cast = {
    instances: INSTANCES,
    caller: /** @type {const} */ ('client'),
    callers: CALLERS,
    env: { KEEP_ALIVE_MS: String(keepAliveMs) },
    callerEnv: { OPTIONS: CALLERS_OWN },
  };
  return withOrders(cast, async (members, _caller, callers) => {
    const both = ['getOrder', 'createOrder'].map((name) => ({ service: 'order-service', name, args: { id: '1' } }));
    const made = (/** @type {number[]} */ waits) =>
      Promise.all(callers.map((one) => told(one.ask({ what: 'rounds', calls: both, atOnce: AT_ONCE, waits }))));
    const connections = async () => sum(await Promise.all(members.map((one) => told(one.ask({ what: 'connections' })))));
    await made([0]);
    const before = await connections();
    const all = await made(waitsAround(boundaryMs, Math.ceil(calls / AT_ONCE / CALLERS)));
    const count = sum(all.map(({ tookMs }) => tookMs.length));
    // Some connections are discovery's: at least so many calls found theirs open.
    const fresh = (await connections()) - before;
    const ends = all.map(({ ends }) => ends);
    return {
      all: count,
      errors: count - sum(ends.map(({ answered = 0 }) => answered)),
      reused: Math.max(0, count - fresh),
      ends,
    };
  });
}

/** @param {Record<string, number>[]} ends of each caller */
function total(ends) {
  /** @type {Record<string, number>} */
  const all = {};
  for (const own of ends) for (const [end, count] of Object.entries(own)) all[end] = (all[end] ?? 0) + count;
  return all;
}

/** @param {number[]} counts */
const sum = (counts) => counts.reduce((all, one) => all + one, 0);

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureKeepAlive() {
  // A server tells how long it keeps a connection, in whole seconds; undici stops two seconds earlier.
  const atEnd = await measureReuse(3_000, 1_000, CALLS);
  if (atEnd.reused < CALLS / 20 || atEnd.reused > CALLS * 0.95) {
    throw new Error(`${atEnd.reused} of ${atEnd.all} calls found their connection open: that is not at the boundary`);
  }
  // One that keeps it for a second ends it after two: Node waits a second longer than it says.
  const tooShort = await measureReuse(1_000, 2_000, CALLS / 5);
  const how = (/** @type {typeof atEnd} */ { all, reused, ends }) =>
    `${all} calls, GET and POST in turn, no retries; ${reused} on a connection that was still open; ${JSON.stringify(total(ends))}`;
  return [
    atMost(`${CALLS} calls at the keep-alive boundary, through ${THROUGH_MS} ms: errors`, atEnd.errors, 0, '', how(atEnd)),
    atMost('the same where the server keeps them for 1 s, when it ends them: errors', tooShort.errors, 0, '', how(tooShort)),
  ];
}
