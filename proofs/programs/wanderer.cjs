// A service whose requests go many ways before they are answered: each step of a request does something that Node could lose
// the context over, and then writes a line that says whose it is by itself. `wanderer-import.mjs` and `wanderer-require.cjs` start it.
const { EventEmitter, on, once } = require('node:events');
const { readFile, stat } = require('node:fs');
const { lookup } = require('node:dns');
const { randomBytes, pbkdf2 } = require('node:crypto');
const { Readable, Transform } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { connect, createServer } = require('node:net');
const { gzip, createGzip } = require('node:zlib');

/** Shared by all requests: whoever waits for its next beat is woken by a timer that belongs to nobody. */
const heart = new EventEmitter().setMaxListeners(0);
setInterval(() => heart.emit('beat'), 2).unref();

/** Hands connections from one request to the next, as a pool does. */
// Whoever reads the names of the ways out of this file is not kept by it.
const echo = createServer((socket) => socket.pipe(socket))
  .listen(0, '127.0.0.1')
  .unref();
/** @type {import('node:net').Socket[]} */
const idle = [];

/** @param {string} text */
async function throughPool(text) {
  const { port } = /** @type {import('node:net').AddressInfo} */ (echo.address());
  const socket = idle.pop() ?? connect(port, '127.0.0.1');
  socket.write(text);
  let length = 0;
  while (length < text.length) length += (await once(socket, 'data'))[0].length;
  idle.push(socket);
}

/** @type {Record<string, (then: () => void) => unknown>} each calls `then` once, in its own way */
const WAYS = {
  // callbacks
  stat: (then) => stat(__filename, then),
  readFile: (then) => readFile(__filename, then),
  lookup: (then) => lookup('127.0.0.1', then),
  randomBytes: (then) => randomBytes(64, then),
  pbkdf2: (then) => pbkdf2('a', 'b', 10, 16, 'sha1', then),
  gzip: (then) => gzip('some text', then),
  // promises
  resolved: (then) => Promise.resolve().then(then),
  thenable: async (then) => {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    await { then: (/** @type {() => void} */ resolve) => setImmediate(resolve) };
    then();
  },
  all: (then) => Promise.all([new Promise((done) => setTimeout(done, 1)), 1, Promise.resolve()]).then(then),
  rejected: (then) => Promise.reject(new Error('as planned')).catch(then),
  // timers
  timeout: (then) => setTimeout(then, 1),
  immediate: (then) => setImmediate(then),
  tick: (then) => process.nextTick(then),
  microtask: (then) => queueMicrotask(then),
  interval: (then) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      then();
    }, 1);
  },
  // emitters
  ownEmitter: (then) => {
    const own = new EventEmitter().once('go', then);
    setImmediate(() => own.emit('go'));
  },
  sharedEmitter: (then) => once(heart, 'beat').then(then),
  iterated: async (then) => {
    const own = new EventEmitter();
    setImmediate(() => own.emit('go'));
    for await (const _ of on(own, 'go')) break;
    then();
  },
  pool: (then) => throughPool('a message').then(then),
  // streams
  piped: (then) => {
    const upper = new Transform({ transform: (chunk, _encoding, done) => setImmediate(done, null, chunk) });
    Readable.from(['a', 'b', 'c']).pipe(upper).resume().once('end', then);
  },
  pipeline: (then) =>
    pipeline(Readable.from(['a', 'b']), createGzip(), async (/** @type {AsyncIterable<Buffer>} */ source) => {
      for await (const _ of source);
    }).then(then),
  generator: async (then) => {
    async function* numbers() {
      for (let n = 0; n < 3; n++) {
        await new Promise((done) => setImmediate(done));
        yield n;
      }
    }
    for await (const _ of numbers());
    then();
  },
};

/** What a request may be told to do. */
exports.WAYS = Object.keys(WAYS);

// Loses it, as Node says: a listener runs for whoever emits. It is for the test of the proof, to be found.
WAYS.lost = (then) => heart.once('beat', then);

/**
 * @typedef {object} Step
 * @property {string | undefined} [way] of `WAYS`
 * @property {boolean} [spans] in a span of its own
 * @property {{ service: string, steps: Step[] }[]} [calls] to others, all at once
 */

/** @param {any} kit what this kind of module has loaded */
exports.wander = ({ express, expressMicro, observability, withSpan }) => {
  const { SERVICE: service = '', TRANSPORT: transport } = process.env;
  const app = express();
  // What is slow on a busy machine is up to chance, and here each span is counted.
  const { logger } = observability(app, { service, metrics: false, health: false, tracing: { slowMiddlewareMs: false } });
  const { services, ready } = expressMicro(app, {
    serviceName: service,
    log: logger,
    // A hundred at once on two cores are too many for what guards against that, and here each must be served, once.
    timeoutMs: 60_000,
    ...{ retry: false, ejection: false, bulkhead: false, shedding: false },
    ...(transport === 'http' && { transport }),
  });

  /** @param {{ id: string, steps: Step[] }} order */
  async function walk({ id, steps }) {
    for (const { way, spans = false, calls = [] } of steps) {
      const take = () =>
        way === undefined
          ? Promise.resolve()
          : new Promise((resolve, reject) => {
              const then = () => {
                logger.info('step', { own: id, way });
                resolve(undefined);
              };
              Promise.resolve(/** @type {(then: () => void) => unknown} */ (WAYS[way])(then)).catch(reject);
            });
      await (spans ? withSpan('own', { own: id }, take) : take());
      await Promise.all(calls.map(({ service: other, steps: theirs }) => services[other].createWalk({ id, steps: theirs })));
      if (calls.length > 0) logger.info('called', { own: id });
    }
  }

  app.post(
    '/walks',
    express.json({ limit: '1mb' }),
    async (/** @type {any} */ req, /** @type {any} */ res, /** @type {any} */ next) => {
      try {
        await walk(req.body);
        // As a stream, so that the answer, too, is made in turns of their own.
        res.type('json');
        Readable.from(['{"steps":', String(req.body.steps.length), '}']).pipe(res);
        res.once('finish', () => logger.info('finished', { own: req.body.id }));
      } catch (error) {
        next(error);
      }
    },
  );

  const server = app.listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    process.send?.({ url: `http://127.0.0.1:${port}` });
  });
  process.on('message', (/** @type {{ ready: string[] }} */ { ready: others }) => {
    void ready({ services: others, timeoutMs: 30_000 }).then(() => process.send?.({ isReady: true }));
  });
  process.on('disconnect', () => process.exit(0));
};
