// Answers that are cut, stall, drip or are none: each call ends with an error of its own by its deadline, and no socket stays.
import { createFleet, freePort, progress, until } from '../../proofs/fleet.mjs';
import { atMost } from '../report.mjs';
import { told } from './orders-fleet.mjs';

const TIMEOUT_MS = 1_500;
/** For the timers and the turn in which the error is told. */
const GRACE_MS = 50;
const ROUNDS = 2;
/** The link, and one connection for discovery, which comes and goes. */
const AT_REST = 2;
const AT_ONCE = 5;

/**
 * By function: what is broken, and how a call has to end. A handler that takes the socket of a link for itself loses that
 * attempt, and the next ones go over HTTP.
 */
const FAULTS = {
  getReset: ['reset mid-answer', 'MESH_CONNECTION_LOST 503'],
  getResetBeforeHead: ['reset before the head', 'MESH_CONNECTION_LOST 503'],
  getStall: ['stall before the head', 'MESH_DEADLINE_EXCEEDED 504'],
  getStallInHead: ['stall in the head', 'MESH_DEADLINE_EXCEEDED 504'],
  getStallAfterHead: ['stall after the head', 'MESH_DEADLINE_EXCEEDED 504'],
  getDrip: ['1 B/s', 'MESH_DEADLINE_EXCEEDED 504'],
  getDripAnswer: ['1 B/s, by the app itself', 'MESH_DEADLINE_EXCEEDED 504'],
  getGarbage: ['garbage', 'MESH_CONNECTION_LOST 503'],
  getGarbageInChunk: ['garbage for the length of a chunk', 'MESH_CONNECTION_LOST 503'],
  getTwoLengths: ['two lengths', 'MESH_CONNECTION_LOST 503'],
  getTruncatedChunk: ['truncated chunk', 'MESH_CONNECTION_LOST 503'],
  getTruncatedLength: ['truncated body', 'MESH_CONNECTION_LOST 503'],
};

/** @param {'auto' | 'http'} transport */
async function measure(transport) {
  progress(`broken answers, transport ${transport}`);
  const fleet = createFleet();
  try {
    const env = { OPTIONS: JSON.stringify({ transport, ejection: false }) };
    const hostile = await fleet.start('hostile', { port: await freePort(), peers: [], env });
    const client = await fleet.start('client', { port: await freePort(), peers: [hostile.url], env });
    await told(client.ask({ what: 'ready', services: ['hostile'] }));
    const sockets = async () => [await told(client.ask({ what: 'sockets' })), await told(hostile.ask({ what: 'connections' }))];
    const call = (/** @type {string} */ name) => ({ service: 'hostile', name, options: { timeoutMs: TIMEOUT_MS } });
    const make = (/** @type {string} */ name, /** @type {number} */ rounds) =>
      told(client.ask({ what: 'rounds', calls: [call(name)], atOnce: AT_ONCE, waits: Array(rounds).fill(0) }));
    await make('getWell', 10);
    // Connections that calls have left open end by themselves when nobody uses them.
    const atRest = async () => (await sockets()).every((count) => count <= AT_REST);
    await until('the connections of the first calls have ended', atRest, 20_000);
    const wrong = [];
    let [late, calls, overLink] = [0, 0, 0];
    for (const [name, [what, code]] of Object.entries(FAULTS)) {
      const { ends, tookMs, counters } = await make(name, ROUNDS);
      overLink += counters.attemptsOverLink;
      calls += tookMs.length;
      late += tookMs.filter((/** @type {number} */ ms) => ms > TIMEOUT_MS + GRACE_MS).length;
      for (const [end, count] of Object.entries(ends)) if (end !== code) wrong.push(`${what}: ${count} × ${end}`);
    }
    const { ends } = await make('getWell', 2);
    if (ends.answered !== 2 * AT_ONCE) wrong.push(`afterwards: ${JSON.stringify(ends)}`);
    if (transport === 'auto' && overLink === 0) throw new Error('no call went over a link');
    // What is left when this has waited in vain is what the row is about.
    await until('all sockets have ended', atRest, 20_000).catch(() => {});
    const left = await sockets();
    const leaked = left.reduce((sum, count) => sum + Math.max(0, count - AT_REST), 0);
    return { wrong, late, leaked, left, how: `${calls} calls, retries on, ${overLink} attempts over a link` };
  } finally {
    fleet.close();
  }
}

/** @returns {Promise<import('../report.mjs').Row[]>} */
export async function measureBrokenAnswers() {
  const rows = [];
  for (const transport of /** @type {const} */ (['http', 'auto'])) {
    const { wrong, late, leaked, left, how } = await measure(transport);
    const way = transport === 'http' ? 'over HTTP' : 'over the link where it is one';
    const faults = Object.values(FAULTS).map(([what]) => what);
    rows.push(
      atMost(
        `broken answers ${way}: calls without the error that they should have`,
        wrong.length,
        0,
        '',
        wrong.join('; ') || `${how}: ${faults.join(', ')}`,
      ),
      atMost(
        'the same: calls that ended later than their deadline',
        late,
        0,
        '',
        `by more than ${GRACE_MS} ms of ${TIMEOUT_MS} ms`,
      ),
      atMost('the same: sockets that stay', leaked, 0, '', `${left.join(' and ')} at both sides when all is quiet`),
    );
  }
  return rows;
}
