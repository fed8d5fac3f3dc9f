// From what was measured to the table of speed: which ratio, of what, and the target of each.
import { atLeast, atMost, forComparison, median, notMeasured, ratioOf } from './report.mjs';

/** @typedef {import('./report.mjs').Row} Row */
/**
 * What was measured of one kind, a number for each turn; the turns of all kinds go together.
 * @typedef {object} Measured
 * @property {number[]} wallUs a call, 64 in flight
 * @property {number[]} cpuUs a call, both sides
 * @property {number[]} serverUs a call, CPU of the server alone
 * @property {number[]} p50Us one call at a time
 */
/** @typedef {Readonly<Record<string, Measured>>} Speed */
/** @typedef {'wallUs' | 'cpuUs' | 'serverUs' | 'p50Us'} Measure */

/** @type {Readonly<Record<Measure, string>>} */
const WORDS = { wallUs: 'calls/s', cpuUs: 'CPU of both sides', serverUs: 'CPU of the server', p50Us: 'p50' };

/** The row of a target that compares two kinds: how many times the second needs what the first does. @typedef {{ name: string, kind: string, to: string, by: Measure, atLeast: number }} Aim */

/**
 * @param {number} line of Node
 * @returns {Aim[]}
 */
export function aimsOn(line) {
  const isBefore24 = line < 24;
  /** @type {Aim[]} */
  const ofLink = [
    ...(isBefore24
      ? [
          {
            name: 'link : Express + undici, CPU',
            kind: 'link',
            to: 'express-undici',
            by: /** @type {const} */ ('cpuUs'),
            atLeast: 20,
          },
        ]
      : [
          {
            name: 'link : Express + undici, wall',
            kind: 'link',
            to: 'express-undici',
            by: /** @type {const} */ ('wallUs'),
            atLeast: 6,
          },
          {
            name: 'link : Express + undici, CPU',
            kind: 'link',
            to: 'express-undici',
            by: /** @type {const} */ ('cpuUs'),
            atLeast: 10,
          },
        ]),
    { name: 'link : Express + axios, wall', kind: 'link', to: 'express-axios', by: 'wallUs', atLeast: 35 },
    { name: 'link : NestJS TCP, wall', kind: 'link', to: 'nest-tcp', by: 'wallUs', atLeast: 2.5 },
    { name: 'link : Moleculer TCP, CPU', kind: 'link', to: 'moleculer-tcp', by: 'cpuUs', atLeast: 4 },
    { name: 'link : gRPC (grpc-js), CPU', kind: 'link', to: 'grpc', by: 'cpuUs', atLeast: 20 },
  ];
  return [
    {
      name: 'HTTP mode with all features : raw undici into the same Express app',
      kind: 'http',
      to: 'express-undici',
      by: 'wallUs',
      atLeast: 0.97,
    },
    { name: 'the same with every request signed', kind: 'signed', to: 'express-undici', by: 'wallUs', atLeast: 0.84 },
    {
      name: "plain HTTP into Express under the plugin : Express's own listen (raw undici into both)",
      kind: 'plugin-undici',
      to: 'express-undici',
      by: 'wallUs',
      atLeast: isBefore24 ? 2.5 : 0.99,
    },
    ...ofLink,
  ];
}

/**
 * @param {Speed} speed
 * @param {number} line of Node
 * @param {string} how
 * @returns {Row[]}
 */
export function rowsOf(speed, line, how) {
  const rows = aimsOn(line).map(({ name, kind, to, by, atLeast: target }) => {
    const own = speed[kind];
    if (own === undefined) return notMeasured(name, '≥', target, '', NO_LINK);
    const other = known(speed, to);
    // The other measure is told too: calls a second suffer from whatever else the machine does, CPU hardly.
    const measures = [by, by === 'cpuUs' ? /** @type {const} */ ('wallUs') : /** @type {const} */ ('cpuUs')];
    const told = measures.map((each) => `${WORDS[each]} ${shown(own, each)} : ${shown(other, each)}`);
    return atLeast(name, ratioOf(other[by], own[by]), target, '', `${told.join('; ')}; ${how}`);
  });
  const link = speed.link;
  const undici = known(speed, 'express-undici');
  const plugin = known(speed, 'plugin-undici');
  const http = known(speed, 'http');
  const oneByOne = 'one call at a time, p50, link : Express + undici';
  return [
    ...rows,
    link === undefined
      ? notMeasured(oneByOne, '≤', 0.7, '', NO_LINK)
      : atMost(oneByOne, ratioOf(link.p50Us, undici.p50Us), 0.7, '', `${shown(link, 'p50Us')} : ${shown(undici, 'p50Us')}`),
    forComparison(
      'plain HTTP under the plugin, CPU of the server alone',
      ratioOf(undici.serverUs, plugin.serverUs),
      '',
      `${shown(plugin, 'serverUs')} : ${shown(undici, 'serverUs')}`,
    ),
    forComparison(
      'HTTP mode : raw undici into the app under the plugin, which answers any client faster (docs/decisions/0006)',
      ratioOf(plugin.wallUs, http.wallUs),
      '',
      `calls/s: ${shown(http, 'wallUs')} : ${shown(plugin, 'wallUs')}`,
    ),
    // What would be left if all that a call is guarded by cost nothing: the targets stand beside it.
    ...aimsOn(line)
      .filter(({ kind }) => kind === 'link')
      .map(({ name, to, by, atLeast: target }) =>
        forComparison(
          name.replace('link', 'the limit (a bare exchange of frames, Express and JSON)'),
          ratioOf(known(speed, to)[by], known(speed, 'limit')[by]),
          '',
          `${WORDS[by]} ${shown(known(speed, 'limit'), by)} : ${shown(known(speed, to), by)}; the target of the link is ${target}`,
        ),
      ),
    ...Object.entries(speed).map(([kind, each]) =>
      forComparison(
        kind,
        1_000_000 / median(each.wallUs),
        'calls/s',
        `CPU of both sides ${shown(each, 'cpuUs')}, of the server ${shown(each, 'serverUs')}; one at a time p50 ${shown(each, 'p50Us')}`,
      ),
    ),
  ];
}

const NO_LINK = 'this build has no link';

/** @param {Speed} speed @param {string} kind @returns {Measured} */
function known(speed, kind) {
  const measured = speed[kind];
  if (measured === undefined) throw new Error(`${kind} was not measured`);
  return measured;
}

/** @param {Measured} measured @param {Measure} by */
function shown(measured, by) {
  const value = median(measured[by]);
  return by === 'wallUs' ? `${Math.round(1_000_000 / value)}/s` : `${value.toFixed(1)} µs`;
}
