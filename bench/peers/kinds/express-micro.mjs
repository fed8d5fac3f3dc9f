// express-micro itself: an Express app that is called by name. Which transport, and whether signed, is the mode's to say.
import express from 'express';
import expressMicro from 'express-micro';
import { orderOf } from '../answer.mjs';

/** @type {Readonly<Record<string, { transport?: string, enableHmac?: boolean }>>} */
const MODES = { http: { transport: 'http' }, signed: { transport: 'http', enableHmac: true }, link: { transport: 'auto' } };

/** What the plugin of this build takes: before there was a choice it was HTTP, and the option is an error. */
function optionsOf(mode) {
  const { transport, ...options } = MODES[mode];
  const app = express();
  try {
    void expressMicro(app, { serviceName: 'asks', log: false, transport }).close();
    return { ...options, transport };
  } catch (error) {
    if (error.code !== 'MESH_OPTION_INVALID' || transport !== 'http') throw error;
    return options;
  }
}

export function serve(mode) {
  const app = express();
  expressMicro(app, { serviceName: 'order-service', log: false, ...optionsOf(mode) });
  app.get('/orders/:userId', (req, res) => {
    res.json(orderOf(req.params.userId));
  });
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

export async function connect(url, mode) {
  const app = express();
  const micro = expressMicro(app, { serviceName: 'caller', log: false, peers: [url], ...optionsOf(mode) });
  app.listen(0, '127.0.0.1');
  await micro.ready({ services: ['order-service'] });
  const call = (userId) => micro.services.orderService.getOrders({ userId });
  // Calls go over the link as soon as one is open, and over HTTP where none can be.
  if (mode === 'link') {
    const endsAt = performance.now() + 5_000;
    while (micro.counters().linksOut === 0 && performance.now() < endsAt) await call(1);
    if (micro.counters().linksOut === 0) throw Object.assign(new Error('no link was opened'), { code: 'NO_LINK' });
  }
  return call;
}
