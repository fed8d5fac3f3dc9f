import express from 'express';
import expressMicro from 'express-micro';

/** One of any number of services that find each other by the same source: it greets, and has another one greet. */
export function serve(source, endClient) {
  const app = express();
  const micro = expressMicro(app, { serviceName: process.env.SERVICE, source, pingInterval: process.env.PING_INTERVAL });

  app.get('/greeting', (_req, res) => {
    res.json({ from: process.env.SERVICE });
  });

  app.get('/asking/:service', async (req, res) => {
    res.json(await micro.services[req.params.service].getGreeting());
  });

  micro.on('source', ({ source, status }) => console.log(`${source} ${status}`));

  const leave = async () => {
    await micro.close(); // the others are told through the source …
    await endClient(); // … and then the client is ours to close
  };
  process.once('SIGTERM', () => void leave());

  app.listen(Number(process.env.PORT), '127.0.0.1');
}
