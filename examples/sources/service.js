import express from 'express';
import expressMicro from 'express-micro';

/** One of any number of services that find each other by the same source: it greets, and has another one greet. */
const { source, endClient } = await import(`./${process.env.SOURCE}.js`);
const { SERVICE: serviceName, HOST: host = '127.0.0.1', PORT: port, PING_INTERVAL: pingInterval } = process.env;

const app = express();
const micro = expressMicro(app, { serviceName, source, pingInterval });

app.get('/greeting', (_req, res) => {
  res.json({ from: serviceName });
});

app.get('/asking/:service', async (req, res) => {
  res.json(await micro.services[req.params.service].getGreeting());
});

micro.on('source', ({ source: engine, status }) => console.log(`${engine} ${status}`));

const leave = async () => {
  await micro.close(); // the others are told through the source …
  await endClient(); // … and then the client is ours to close
};
process.once('SIGTERM', () => void leave());

app.listen(Number(port), host);
