// The key of a running fleet is changed at one member after the other, while they call each other.
import { randomBytes } from 'node:crypto';
import express from 'express';
import expressMicro from 'express-micro';
import { progress } from '../fleet.mjs';

/** New keys sign after half a minute, and old ones are taken for a minute more. */
const SECONDS = 100;
const APART_MS = 3_000;

/** @param {{ rps: number }} options */
export async function rotation({ rps }) {
  const former = randomBytes(24).toString('base64url');
  const latter = randomBytes(24).toString('base64url');
  const before = process.env.EXPRESS_DISCOVERY_KEY;
  process.env.EXPRESS_DISCOVERY_KEY = former;
  /** @type {{ micro: any, url: string }[]} */
  const members = [];
  try {
    for (let at = 0; at < 3; at++) {
      const app = express();
      const peers = members.map(({ url }) => url);
      const micro = expressMicro(app, { serviceName: `member-${at}`, log: false, enableHmac: true, transport: 'http', peers });
      app.get('/items/:id', (req, res) => void res.json({ id: req.params.id }));
      const server = await new Promise((resolve) => {
        const started = app.listen(0, '127.0.0.1', () => resolve(started));
      });
      members.push({ micro, url: `http://127.0.0.1:${server.address().port}` });
    }
    await Promise.all(
      members.map(({ micro }, at) =>
        micro.ready({ services: [0, 1, 2].filter((other) => other !== at).map((other) => `member-${other}`) }),
      ),
    );
    const counts = { sent: 0, answered: 0, failed: 0, firstFailure: '' };
    const call = async (/** @type {number} */ number) => {
      const from = members[number % 3];
      const to = `member-${(number + 1 + (number % 2)) % 3}`;
      try {
        const answer = await from?.micro.services[to].getItem({ id: String(number) });
        if (answer.id !== String(number)) throw new Error(`asked for ${number}, got ${JSON.stringify(answer)}`);
        counts.answered += 1;
      } catch (error) {
        counts.failed += 1;
        counts.firstFailure ||= String(error);
      }
    };
    const startedMs = performance.now();
    const sinceMs = () => performance.now() - startedMs;
    const underWay = new Set();
    let rotated = 0;
    while (sinceMs() < SECONDS * 1_000) {
      if (rotated < 3 && sinceMs() > 5_000 + rotated * APART_MS) {
        members[rotated++]?.micro.rotate(latter);
        progress(`rotation: member ${rotated} of 3 has the new key`);
      }
      for (const due = (sinceMs() / 1_000) * rps; counts.sent < due; counts.sent++) {
        const one = call(counts.sent);
        underWay.add(one);
        void one.finally(() => underWay.delete(one));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(underWay);
    if (rotated !== 3) throw new Error(`only ${rotated} of 3 members got the new key`);
    return counts;
  } finally {
    await Promise.all(members.map(({ micro }) => micro.close()));
    if (before === undefined) delete process.env.EXPRESS_DISCOVERY_KEY;
    else process.env.EXPRESS_DISCOVERY_KEY = before;
  }
}
