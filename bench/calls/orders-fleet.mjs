import { createFleet, freePort, until } from '../../proofs/fleet.mjs';

/** @typedef {import('../../proofs/fleet.mjs').Member} Member */

/**
 * @typedef {object} Cast
 * @property {number} instances of order-service
 * @property {'caller' | 'client'} caller the program that calls them
 * @property {number} [callers] so many of it
 * @property {Record<string, string>} [env] of the instances
 * @property {Record<string, string>} [callerEnv]
 */

/**
 * Instances of order-service and who calls them, each a process; all are ended when the work is done.
 * @template T
 * @param {Cast} cast
 * @param {(members: Member[], caller: Member, callers: Member[]) => Promise<T>} work
 */
export async function withOrders({ instances, caller: program, callers: count = 1, env = {}, callerEnv = {} }, work) {
  const fleet = createFleet();
  try {
    const ports = await Promise.all(Array.from({ length: instances }, freePort));
    const peers = ports.map((port) => `http://127.0.0.1:${port}`);
    const members = await Promise.all(ports.map((port) => fleet.start('orders', { port, peers, env })));
    const ownPorts = await Promise.all(Array.from({ length: count }, freePort));
    const callers = await Promise.all(ownPorts.map((port) => fleet.start(program, { port, peers, env: callerEnv })));
    for (const caller of callers) {
      const isWhole = async () => (await caller.ask({ what: 'up', service: 'order-service' })).length === instances;
      await until('the caller knows all instances', isWhole);
    }
    return await work(members, /** @type {Member} */ (callers[0]), callers);
  } finally {
    fleet.close();
  }
}

/** What a program answered; its own failure is ours. @param {Promise<any>} answer */
export async function told(answer) {
  const value = await answer;
  if (value?.error !== undefined) throw new Error(value.error);
  return value;
}

export const wait = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
