// A member like any other, whose answers are broken: it proves its address, tells its routes, and then takes the socket for itself.
import express from 'express';
import expressMicro from 'express-micro';
import { answerQuestions } from './questions.mjs';

const app = express();
expressMicro(app, { serviceName: 'hostile', log: false, ...JSON.parse(process.env.OPTIONS ?? '{}') });

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;

/** Sends one byte a second, for as long as anybody listens. @param {import('node:stream').Writable & { destroyed: boolean }} to */
function drip(to) {
  const timer = setInterval(() => to.write('1'), 1_000);
  to.once('close', () => clearInterval(timer));
}

/** What a link shows as its socket has no reset of its own. @param {import('node:net').Socket} socket */
const reset = (socket) => void (typeof socket.resetAndDestroy === 'function' ? socket.resetAndDestroy() : socket.destroy());

app.get('/well', (_req, res) => void res.json('well'));
app.get('/reset', (req) => {
  req.socket.write(`${HEAD}content-length: 100\r\n\r\n{"half":`, () => reset(req.socket));
});
app.get('/reset/before/head', (req) => reset(req.socket));
app.get('/stall', () => {});
app.get('/stall/after/head', (req) => void req.socket.write(`${HEAD}content-length: 100\r\n\r\n{"half":`));
app.get('/stall/in/head', (req) => void req.socket.write('HTTP/1.1 200 O'));
app.get('/drip', (req) => {
  req.socket.write(`${HEAD}content-length: 100\r\n\r\n1`);
  drip(req.socket);
});
app.get('/drip/answer', (_req, res) => {
  res.type('application/json').write('1');
  drip(res);
});
app.get('/garbage', (req) => void req.socket.write(Buffer.from([0, 255, 13, 10, 7, 7, 7, 13, 10, 13, 10])));
app.get('/garbage/in/chunk', (req) => void req.socket.write(`${CHUNKED}zz\r\n{}\r\n0\r\n\r\n`));
app.get('/two/lengths', (req) => void req.socket.write(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `));
app.get('/truncated/chunk', (req) => void req.socket.end(`${CHUNKED}ff\r\n{"half":`));
app.get('/truncated/length', (req) => void req.socket.end(`${HEAD}content-length: 100\r\n\r\n{"half":`));

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ question: 0 }));
answerQuestions({
  connections: () =>
    new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
});
