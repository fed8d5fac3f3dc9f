import type { Socket } from 'node:net';
import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeshError, Micro } from '../src/index.ts';
import { expresses, type Service, startService, stopAll, until } from './fleet.test-support.ts';
import { shutDoors, untilLinked } from './link.test-support.ts';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const TIMEOUT_MS = 400;

/** One byte now and then, for as long as anybody listens. */
function drip(to: Socket | Response): void {
  const timer = setInterval(() => to.write('1'), 20);
  to.once('close', () => clearInterval(timer));
}

const LOST = 'MESH_CONNECTION_LOST';
const LATE = 'MESH_DEADLINE_EXCEEDED';
const TAKES_SOCKET = ['pause', 'start', 'leak'];

/**
 * What a handler does to its answer, and how the call has to end. Over a link there is no connection to stall: who takes the
 * socket for himself loses the call, and the next ones to that route go over HTTP.
 */
const FAULTS: Readonly<Record<string, readonly [code: string, fault: (req: Request, res: Response) => void]>> = {
  reset: [LOST, ({ socket }) => void socket.write(`${HEAD}content-length: 9\r\n\r\n{`, () => reset(socket))],
  refusal: [LOST, ({ socket }) => reset(socket)],
  stall: [LATE, () => {}],
  pause: [LATE, ({ socket }) => void socket.write(`${HEAD}content-length: 9\r\n\r\n{`)],
  start: [LATE, ({ socket }) => void socket.write('HTTP/1.1 200 O')],
  leak: [
    LATE,
    ({ socket }) => {
      socket.write(`${HEAD}content-length: 9999\r\n\r\n1`);
      drip(socket);
    },
  ],
  drip: [
    LATE,
    (_req, res) => {
      res.type('application/json').write('1');
      drip(res);
    },
  ],
  garbage: [LOST, ({ socket }) => void socket.write(Buffer.from([0, 255, 13, 10, 7, 7, 7, 13, 10, 13, 10]))],
  chunk: [LOST, ({ socket }) => void socket.write(`${CHUNKED}zz\r\n{}\r\n0\r\n\r\n`)],
  pair: [LOST, ({ socket }) => void socket.write(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `)],
  fragment: [LOST, ({ socket }) => void socket.end(`${CHUNKED}ff\r\n{"half":`)],
  half: [LOST, ({ socket }) => void socket.end(`${HEAD}content-length: 100\r\n\r\n{"half":`)],
};

/** What a link shows as its socket knows no reset: there the call alone is cut. */
function reset(socket: Socket): void {
  if (typeof socket.resetAndDestroy === 'function') socket.resetAndDestroy();
  else (socket as Socket).destroy();
}

describe.each(
  expresses.flatMap(([name, expressOf]) => [
    [`${name} over HTTP`, expressOf, 'http'] as const,
    [`${name} where there is a link`, expressOf, 'auto'] as const,
  ]),
)('broken answers of %s', (_name, expressOf, transport) => {
  let caller: Service;
  let broken: Micro['services'][string];
  const underWay = new Set<Response>();
  beforeAll(async () => {
    const target = await startService(
      'broken',
      (app) => {
        app.get('/pings', (_req, res) => void res.json('pong'));
        app.use((_req, res, next) => {
          underWay.add(res);
          res.once('close', () => underWay.delete(res));
          next();
        });
        for (const [name, [, fault]] of Object.entries(FAULTS)) app.get(`/${name}`, fault);
      },
      { express: expressOf },
    );
    const options = { express: expressOf, transport, retry: false, ejection: false, peers: [target.url] } as const;
    caller = await startService('caller', () => {}, options);
    await caller.micro.ready({ services: ['broken'] });
    if (transport === 'auto') await untilLinked(caller, ({ broken: services }) => services.getPings());
    shutDoors();
    broken = caller.micro.services.broken as never;
  });
  afterAll(stopAll);

  it.each(Object.entries(FAULTS).map(([name, [code]]) => [name, code] as const))(
    '%s: the call ends with an error of its own by its deadline, and its connection with it',
    async (name, code) => {
      const call = broken[`get${name[0]?.toUpperCase()}${name.slice(1)}`];
      const startedAt = performance.now();
      const errors: MeshError[] = await Promise.all(
        [1, 2, 3].map(() =>
          call({}, { timeoutMs: TIMEOUT_MS }).then(
            () => expect.unreachable('the call was answered'),
            (error: MeshError) => error,
          ),
        ),
      );
      const ends = transport === 'auto' && TAKES_SOCKET.includes(name) ? LOST : code;
      expect(errors.map((error) => [error.code, error.service])).toEqual(errors.map(() => [ends, 'broken']));
      // Without the deadline it would be for ever; so much more is for a busy machine.
      expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + 2_000);
      await until(
        'no connection is left',
        () => underWay.size,
        (left) => left === 0,
      );
      expect(await broken.getPings()).toBe('pong');
    },
  );
});
