// How fast calls are beside other ways to make them, in one run: server and client of each kind in processes of their own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { installPeers } from './peers/install.mjs';
import { median } from './report.mjs';
import { rowsOf } from './speed-rows.mjs';

/** What is compared: its name in the table, and the file below bench/peers/kinds with the mode that it is given. @type {Readonly<Record<string, [kind: string, mode?: string]>>} */
const KINDS = {
  link: ['express-micro', 'link'],
  http: ['express-micro', 'http'],
  'express-undici': ['express-undici'],
  'plugin-undici': ['plugin-undici', 'http'],
  signed: ['express-micro', 'signed'],
  'express-fetch': ['express-fetch'],
  'express-axios': ['express-axios'],
  'fastify-undici': ['fastify-undici'],
  'fastify-fetch': ['fastify-fetch'],
  'nest-tcp': ['nest-tcp'],
  'moleculer-tcp': ['moleculer-tcp'],
  grpc: ['grpc'],
  trpc: ['trpc'],
  limit: ['bare-exchange'],
};
/** Two processes of the same program differ by some percent for as long as they live, so several sets are compared. */
const SETS = 3;
const ROUNDS = 7;
/** Long enough for a clock and a collection, short enough that a round meets the same machine as its neighbours. */
const ROUND_MS = 200;
/** Before, a call costs up to twice as much, and the more the more code it has; after so many nobody becomes quicker. */
const WARM_CALLS = 30_000;
const WARM_LIMIT_MS = 2_500;
const WARM_STEP = 2_000;
const ONE_BY_ONE = 150;

/** @typedef {{ address?: string, cpu?: NodeJS.CpuUsage, ms?: number, times?: number[], error?: string, code?: string }} Message */
/** @typedef {{ wallUs: number, cpuUs: number, serverUs: number, p50Us: number }} Round */

/** @param {string[]} args */
function start(args) {
  const child = fork(fileURLToPath(new URL('./peers/process.mjs', import.meta.url)), args, {
    env: { ...process.env, EXPRESS_DISCOVERY_KEY: 'a-key-for-the-bench-alone', NODE_ENV: 'production' },
  });
  const name = args.join(' ');
  /** @param {object} message */
  const ask = (message) => {
    child.send(message);
    return answer(child, name);
  };
  return { child, ask, first: answer(child, name) };
}

/**
 * A wrong answer, or an error in one of thousands of calls, ends the bench: a ratio of such a run would say nothing.
 * @param {import('node:child_process').ChildProcess} child @param {string} name @returns {Promise<Message>}
 */
async function answer(child, name) {
  const ended = new AbortController();
  const onExit = () => ended.abort();
  child.once('exit', onExit);
  const [message] = await once(child, 'message', { signal: ended.signal }).catch((cause) => {
    throw new Error(`${name} ended before it answered`, { cause });
  });
  child.off('exit', onExit);
  if (message.error !== undefined) throw Object.assign(new Error(`${name}: ${message.error}`), { code: message.code });
  return message;
}

/** @param {Message} message */
function cpuOf({ cpu }) {
  if (cpu === undefined) throw new Error('a process did not say what CPU it used');
  return cpu.user + cpu.system;
}

/** @param {string} name @param {readonly [kind: string, mode?: string]} peer */
async function open(name, [kind, mode = '']) {
  const server = start(['server', kind, mode]);
  /** @type {ReturnType<typeof start> | undefined} */
  let client;
  const close = () => {
    if (server.child.connected) server.child.disconnect();
    if (client?.child.connected) client.child.disconnect();
  };
  try {
    const { address = '' } = await server.first;
    client = start(['client', kind, mode, address]);
    await client.first;
  } catch (error) {
    close();
    throw error;
  }
  const { ask } = client;
  return {
    name,
    close,
    /** @param {number} calls @returns {Promise<Round>} */
    async round(calls) {
      const before = cpuOf(await server.ask({}));
      const done = await ask({ calls });
      const served = cpuOf(await server.ask({})) - before;
      const { times = [] } = await ask({ oneByOne: ONE_BY_ONE });
      return {
        wallUs: ((done.ms ?? Number.NaN) * 1_000) / calls,
        cpuUs: (cpuOf(done) + served) / calls,
        serverUs: served / calls,
        p50Us: median(times) * 1_000,
      };
    },
  };
}

/** A build without the link says so in one of these ways, and only the link may be missing. @param {string} name @param {{ code?: string }} error */
function isMissingLink(name, { code }) {
  return name === 'link' && (code === 'NO_LINK' || code === 'MESH_OPTION_INVALID');
}

async function openAll() {
  const opened = [];
  // One after the other: starting all at once, some would not be found in time.
  for (const [name, peer] of Object.entries(KINDS)) {
    try {
      opened.push(await open(name, peer));
    } catch (error) {
      if (!isMissingLink(name, /** @type {{ code?: string }} */ (error))) throw error;
    }
  }
  return opened;
}

/** @param {(calls: number) => Promise<Round>} round @returns {Promise<number>} µs of a call at the end */
async function warm(round) {
  const startedMs = performance.now();
  let wallUs = Number.NaN;
  for (let made = 0; made < WARM_CALLS && performance.now() - startedMs < WARM_LIMIT_MS; made += WARM_STEP) {
    wallUs = (await round(WARM_STEP)).wallUs;
  }
  return wallUs;
}

/** @param {import('./speed-rows.mjs').Measured} measured @param {Round} round */
function add(measured, round) {
  measured.wallUs.push(round.wallUs);
  measured.cpuUs.push(round.cpuUs);
  measured.serverUs.push(round.serverUs);
  measured.p50Us.push(round.p50Us);
}

/**
 * One set of processes. The n-th measurement of each kind is of the same turn, seconds apart: those are compared.
 * @param {Record<string, import('./speed-rows.mjs').Measured>} speed
 */
async function measureSet(speed) {
  const peers = await openAll();
  /** @type {Map<string, number>} */
  const calls = new Map();
  for (const { name, round } of peers) {
    const wallUs = await warm(round);
    calls.set(name, Math.min(30_000, Math.max(500, Math.round((ROUND_MS * 1_000) / wallUs))));
    speed[name] ??= { wallUs: [], cpuUs: [], serverUs: [], p50Us: [] };
  }
  for (let turn = 0; turn < ROUNDS; turn++) {
    // Each turn begins with another, so that nobody always has the warmer processor.
    for (let i = 0; i < peers.length; i++) {
      const { name, round } = /** @type {typeof peers[number]} */ (peers[(i + turn) % peers.length]);
      const measured = speed[name];
      if (measured !== undefined) add(measured, await round(calls.get(name) ?? WARM_STEP));
    }
  }
  for (const { close } of peers) close();
}

/** @returns {Promise<import('./report.mjs').Row[]>} */
export async function measureSpeed() {
  /** @param {string} line */
  const say = (line) => void process.stderr.write(`${line}\n`);
  await installPeers(say);
  /** @type {Record<string, import('./speed-rows.mjs').Measured>} */
  const speed = {};
  for (let set = 0; set < SETS; set++) {
    say(`speed: processes ${set + 1} of ${SETS}`);
    await measureSet(speed);
  }
  const line = Number.parseInt(process.versions.node, 10);
  return rowsOf(speed, line, `median of ${SETS * ROUNDS} turns with ${SETS} sets of processes, 64 calls in flight`);
}
