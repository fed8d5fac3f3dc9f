// npm run proof:security [-- seed]: the security table, each row by what an attacker would do.
import { randomInt } from 'node:crypto';
import express from 'express';
import expressMicro from 'express-micro';
import { atLeast, atMost, report } from '../bench/report.mjs';
import { createFleet, freePort, progress, until } from './fleet.mjs';
import { sendBodies } from './security/bodies.mjs';
import { firstStarts } from './security/first-starts.mjs';
import { flood } from './security/flood.mjs';
import { startImpostor } from './security/impostor.mjs';
import { latency } from './security/latency.mjs';
import { startListener } from './security/listener.mjs';
import { sendParameters } from './security/parameters.mjs';
import { rotation } from './security/rotation.mjs';
import { CASES, smuggle } from './security/smuggling.mjs';

const seed = Number(process.argv[2] ?? randomInt(2 ** 31));
if (!Number.isInteger(seed) || seed < 0)
  throw new Error(`npm run proof:security takes a seed, a whole number; it got ${process.argv[2]}`);
const BODIES = 100_000;
const PARAMETERS = 10_000;
const FLOOD_RPS = 5_000;
const FLOOD_S = 15;

progress(`seed ${seed}`);
const key = process.env.EXPRESS_DISCOVERY_KEY;
const rows = [];
const fleet = createFleet();
process.env.EXPRESS_DISCOVERY_KEY = fleet.key;
try {
  const target = await fleet.start('target', { port: await freePort(), peers: [] });
  const listener = await startListener();
  const elsewhere = await startListener();
  const redirecting = await startListener(elsewhere.url);
  const app = express();
  const peers = [target.url, listener.url, redirecting.url];
  const micro = expressMicro(app, { serviceName: 'caller', log: false, transport: 'http', peers });
  app.listen(0, '127.0.0.1');
  await until('the target is known', () => micro.instances('target').length === 1);

  progress(`${PARAMETERS} parameters`);
  const { services } = /** @type {any} */ (micro);
  const parameters = await sendParameters({ getItem: services.target.getItem, count: PARAMETERS, seed });
  const reached = await target.ask({ what: 'reached' });
  const how = `${parameters.arrived} arrived as they were given, ${parameters.refused} were refused before they were sent; seed ${seed}${parameters.firstWrong && `; ${parameters.firstWrong}`}`;
  rows.push(
    atMost(`${PARAMETERS} hostile parameters: wrong route or value reached`, parameters.wrong + reached.other, 0, '', how),
  );

  progress(`${BODIES} bodies`);
  const bodies = await sendBodies({ port: target.port, bearer: fleet.key, count: BODIES, seed });
  const broken = Object.entries(bodies.statuses).reduce((sum, [status, count]) => sum + (status >= '500' ? count : 0), 0);
  const answered = Object.values(bodies.statuses).reduce((sum, count) => sum + count, 0);
  const statuses = Object.entries(bodies.statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
  rows.push(atLeast(`${BODIES} hostile bodies: answered by the same process`, answered, BODIES, '', `${statuses}; seed ${seed}`));
  rows.push(atMost('the same: answers of 500 and above', broken, 0, '', ''));
  rows.push(atMost('the same: prototypes changed', Number(await target.ask({ what: 'polluted' })), 0, '', ''));
  const known = /** @type {any[]} */ (await target.ask({ what: 'members' }));
  rows.push(
    atMost(
      'the same: members that were made up and can be called',
      known.filter(({ service }) => service !== 'caller').length,
      0,
      '',
      '',
    ),
  );

  progress(`${CASES.length} cases of smuggling`);
  const smuggled = async () => (await target.ask({ what: 'reached' })).item;
  const served = await smuggle(target.port, smuggled);
  rows.push(
    atMost(
      `${CASES.length} ways to hide a request in another: served, or without an answer`,
      served.length,
      0,
      '',
      served.join('; '),
    ),
  );

  const heard = listener.heard() + redirecting.heard();
  if (listener.connections() === 0 || redirecting.connections() === 0) throw new Error('the listeners were never asked');
  const told = [fleet.key, Buffer.from(fleet.key).toString('base64')].filter((secret) => heard.includes(secret)).length;
  rows.push(atMost('secrets that listeners without proof were told', told, 0, '', `${heard.length} bytes were heard`));
  rows.push(atMost('connections to where one of them redirects', elsewhere.connections(), 0, '', ''));

  progress('a false service');
  const impostor = await startImpostor([target.url]);
  const untilMs = performance.now() + 3_000;
  let calls = 0;
  for (; performance.now() < untilMs; calls++) await services.target.getItem({ id: String(calls) });
  rows.push(
    atMost('calls that reach a false service of the same name, with another key', impostor.reached(), 0, '', `${calls} calls`),
  );
  await impostor.close();

  progress(`${FLOOD_RPS} requests a second without a key, for ${FLOOD_S} s`);
  const idle = await latency(target.url, FLOOD_S);
  const { rssMb } = await target.ask({ what: 'memory' });
  const [flooded, under] = await Promise.all([flood(target.port, FLOOD_RPS, FLOOD_S), latency(target.url, FLOOD_S)]);
  const after = (await target.ask({ what: 'memory' })).rssMb;
  rows.push(
    atMost(
      'p99 of the app under the flood : idle',
      under / idle,
      2,
      '',
      `${under.toFixed(1)} ms : ${idle.toFixed(1)} ms; ${flooded.rps.toFixed(0)} requests a second, ${flooded.refused} refused, ${flooded.failed} without an answer`,
    ),
  );
  rows.push(atMost('memory that it takes (RSS)', after - rssMb, 50, 'MB', `${rssMb.toFixed(0)} MB before`));
  await micro.close();
  for (const one of [listener, redirecting, elsewhere]) one.close();
} finally {
  fleet.close();
  if (key === undefined) delete process.env.EXPRESS_DISCOVERY_KEY;
  else process.env.EXPRESS_DISCOVERY_KEY = key;
}

const starts = await firstStarts({ processes: 20, rounds: 100 });
rows.push(atMost('20 processes × 100 first starts: secrets', starts.secrets, 1, '', `${starts.starts} starts`));
rows.push(atMost('the same: empty ones, and processes that use another one', starts.empty + starts.apart, 0, '', ''));

progress('rotation over 3 members at 500 calls a second');
const rotated = await rotation({ rps: 500 });
rows.push(
  atMost(
    'key rotation over 3 members at 500 calls a second, signed: failed',
    rotated.failed,
    0,
    '',
    `${rotated.answered} of ${rotated.sent} answered${rotated.firstFailure && `; ${rotated.firstFailure}`}`,
  ),
);

report('Proof: security', `npm run proof:security -- ${seed}`, rows);
