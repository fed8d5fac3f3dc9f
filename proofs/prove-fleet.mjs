import { median } from '../bench/report.mjs';
import { createFleet, freePort, progress, until } from './fleet.mjs';

/** @typedef {import('./fleet.mjs').Member} Member */

const wait = (/** @type {number} */ seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/** Each host has all its ports to itself. */
const PORT = 3_000;

/**
 * A fleet of watchers at the default `pingInterval`, all with the first of them as their only seed.
 * @param {number} size @param {readonly import('./network.mjs').Host[]} [hosts] where they run, one on each; else all on this machine
 */
export async function createWatchers(size, hosts) {
  const fleet = createFleet();
  /** @type {Member[]} */
  const members = [];
  /** @type {string | undefined} */
  let seedUrl;
  /** @param {number} port */
  const start = async (port) => {
    const url = seedUrl === undefined || seedUrl.endsWith(`:${port}`) ? [] : [seedUrl];
    return await fleet.start('watcher', { port, peers: url });
  };
  const others = (/** @type {Member} */ member) => members.filter((one) => one !== member);
  let startedMs = 0;
  let listeningMs = 0;

  /** One after the other. @param {number} count */
  async function add(count) {
    startedMs = Date.now();
    for (let i = 0; i < count; i++) {
      const host = hosts?.[members.length];
      const member =
        host === undefined
          ? await start(await freePort())
          : await fleet.start('watcher', { port: PORT, peers: seedUrl === undefined ? [] : [seedUrl], host });
      seedUrl ??= member.url;
      members.push(member);
    }
    listeningMs = Date.now();
    progress(`${count} processes listen after ${((listeningMs - startedMs) / 1_000).toFixed(1)} s`);
  }
  try {
    await add(size);
  } catch (error) {
    fleet.close();
    throw error;
  }

  const seesAll = async (/** @type {Member} */ member) => (await member.ask({ what: 'up' })).length === members.length - 1;
  const allSeeAll = async () => (await Promise.all(members.map(seesAll))).every(Boolean);

  /** Milliseconds from then until each of the others saw it so. @param {Member} member @param {string} status @param {number} sinceMs */
  async function seenMs(member, status, sinceMs) {
    const watchers = others(member);
    /** @type {number[]} */
    let times = [];
    await until(
      `all see ${member.url} ${status}`,
      async () => {
        const seen = await Promise.all(watchers.map((one) => one.ask({ what: 'changes', epochMs: sinceMs })));
        times = seen.flatMap((changes) => {
          const first = changes.find((/** @type {any} */ change) => change.url === member.url && change.status === status);
          return first === undefined ? [] : first.epochMs - sinceMs;
        });
        return times.length === watchers.length;
      },
      60_000,
    );
    return times;
  }

  /** How often anybody saw anybody dead since then. @param {number} epochMs */
  async function downs(epochMs) {
    const seen = await Promise.all(members.map((one) => one.ask({ what: 'changes', epochMs })));
    return seen.flat().filter(({ status }) => status === 'DOWN').length;
  }

  /** Each member with whom it holds for present. */
  const views = () =>
    Promise.all(members.map(async (member) => ({ member, present: new Set(await member.ask({ what: 'present' })) })));

  return {
    close: () => fleet.close(),
    add,

    /**
     * The fleet in two halves for so long, and whole again.
     * @param {ReturnType<typeof import('./network.mjs').createNetwork>} network @param {number} holdS
     */
    async split(network, holdS) {
      const halves = [members.slice(0, members.length / 2), members.slice(members.length / 2)];
      const halfOf = (/** @type {Member} */ member) => /** @type {Member[]} */ (halves.find((half) => half.includes(member)));
      /** @type {Map<Member, number>} */
      const apartMs = new Map();
      /** @type {Set<string>} */
      const falselyDead = new Set();
      const startMs = Date.now();
      network.cut();
      for (let nowMs = startMs; nowMs < startMs + holdS * 1_000; nowMs = Date.now()) {
        for (const { member, present } of await views()) {
          const own = halfOf(member);
          if (!apartMs.has(member) && !members.some((one) => !own.includes(one) && present.has(one.url)))
            apartMs.set(member, Date.now() - startMs);
          for (const one of own) if (one !== member && !present.has(one.url)) falselyDead.add(`${member.url} of ${one.url}`);
        }
        await wait(0.2);
      }
      const healedMs = Date.now();
      network.heal();
      const isWhole = async () => (await views()).every(({ present }) => present.size === members.length - 1);
      await until('the fleet is whole again', async () => (await isWhole()) && (await allSeeAll()), 120_000);
      return { apartMs: [...apartMs.values()], falselyDead: falselyDead.size, wholeMs: Date.now() - healedMs };
    },

    /** @returns how often anybody was seen dead in that time @param {number} seconds */
    async watch(seconds) {
      const startMs = Date.now();
      await wait(seconds);
      return await downs(startMs);
    },

    async joinMs() {
      await until('all see all', allSeeAll, 60_000);
      // Until the last of them saw the last: what they wrote down themselves, not when we asked.
      const seen = await Promise.all(members.map((one) => one.ask({ what: 'changes', epochMs: startedMs })));
      return Math.max(0, ...seen.flat().map(({ epochMs }) => epochMs - listeningMs));
    },

    /** kill -9, until everybody has seen it; then it is started again. @param {number} index */
    async killMs(index) {
      const victim = /** @type {Member} */ (members[index]);
      const killedMs = Date.now();
      victim.kill('SIGKILL');
      const times = await seenMs(victim, 'DOWN', killedMs);
      members.splice(index, 1, await start(victim.port));
      await until('the restarted one is seen', allSeeAll, 60_000);
      return times;
    },

    /** @param {number} index */
    async stopMs(index) {
      const victim = /** @type {Member} */ (members[index]);
      const stoppedMs = Date.now();
      victim.kill('SIGSTOP');
      const gone = await seenMs(victim, 'DOWN', stoppedMs);
      const continuedMs = Date.now();
      victim.kill('SIGCONT');
      return { gone, back: await seenMs(victim, 'UP', continuedMs) };
    },

    /** Somebody stands still for three seconds, so many times. @returns how often anybody was seen dead @param {number} times */
    async stalls(times) {
      const startMs = Date.now();
      for (let i = 0; i < times; i++) {
        const sleeper = /** @type {Member} */ (members[i % members.length]);
        sleeper.kill('SIGSTOP');
        await wait(3);
        sleeper.kill('SIGCONT');
        await wait(2);
        if ((i + 1) % 5 === 0) progress(`${i + 1} of ${times} stalls`);
      }
      await wait(10);
      return await downs(startMs);
    },

    /** One of them gets a tenth of a second of CPU in each second. @returns how often anybody was seen dead, by whomever @param {number} seconds */
    async starve(seconds) {
      const startMs = Date.now();
      const starved = /** @type {Member} */ (members[3]);
      for (let i = 0; i < seconds; i++) {
        starved.kill('SIGSTOP');
        await wait(0.9);
        starved.kill('SIGCONT');
        await wait(0.1);
      }
      await wait(10);
      return await downs(startMs);
    },

    /** Bytes out and CPU a second and process, in the middle, while nothing happens. @param {number} seconds */
    async quietCost(seconds) {
      await wait(15);
      const costs = () => Promise.all(members.map((one) => one.ask({ what: 'cost' })));
      const before = await costs();
      await wait(seconds);
      const after = await costs();
      const rates = after.map((cost, at) => {
        const overMs = cost.atMs - before[at].atMs;
        return { bytes: ((cost.bytes - before[at].bytes) / overMs) * 1_000, cpu: (cost.cpuMs - before[at].cpuMs) / overMs };
      });
      const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
      return { bytes: mean(rates.map(({ bytes }) => bytes)), cpu: median(middle(rates.map(({ cpu }) => cpu))) };
    },

    /** So many leave, in order. @param {number} count */
    async leave(count) {
      const leaving = members.splice(-count);
      for (const member of leaving) member.kill('SIGTERM');
      await Promise.all(leaving.map((member) => member.ended()));
      await until('those who are left see each other', allSeeAll, 60_000);
    },
  };
}

/** A median needs a middle. @param {number[]} values */
export const middle = (values) => (values.length % 2 === 1 ? values : values.slice(1));
