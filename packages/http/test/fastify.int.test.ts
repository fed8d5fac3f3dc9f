import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { fastifyMiddleware, fastifyRoutes } from '../src/fastify.ts';
import { ForbiddenError, type HttpRequest, type Middleware, route, routes } from '../src/index.ts';

const running: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function serve(declare: (app: FastifyInstance) => unknown): Promise<(path: string) => Promise<Response>> {
  const app = Fastify();
  running.push(app);
  await declare(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (path) => fetch(app.listeningOrigin + path, { headers: { origin: ORIGIN } });
}

const ORIGIN = 'https://shop.example.com';

/** Answers some paths by itself, fails at others. */
const gate: Middleware = (req: HttpRequest, res, next) => {
  if (req.url?.startsWith('/answered')) res.writeHead(418, { 'x-own': '1', vary: 'x-own' }).end('short and stout');
  else if (req.url?.startsWith('/late')) setImmediate(() => res.end('late'));
  else next(req.url?.startsWith('/closed') ? new ForbiddenError() : undefined);
};

describe('on Fastify', () => {
  it('what middleware or a guard answers by itself has the headers of the hooks in front, as on Express', async () => {
    const table = routes({ answered: route({ method: 'GET', path: '/guarded', use: [guarded] }, () => 'never') });
    const ask = await serve(async (app) => {
      await app.register(cors, { origin: [ORIGIN] });
      await app.register(fastifyMiddleware([gate]));
      await app.register(fastifyRoutes(table));
      app.get('/open', async () => 'open');
    });
    const seen = async (path: string) => {
      const { status, headers } = await ask(path);
      return [status, headers.get('access-control-allow-origin'), headers.get('vary')];
    };
    expect(await seen('/answered')).toEqual([418, ORIGIN, 'x-own']);
    expect(await seen('/late')).toEqual([200, ORIGIN, 'Origin']);
    expect(await seen('/guarded')).toEqual([202, ORIGIN, 'Origin']);
    expect(await seen('/closed')).toEqual([403, ORIGIN, 'Origin, Accept']);
    expect(await seen('/open')).toEqual([200, ORIGIN, 'Origin']);
  });
});

function guarded(_req: HttpRequest, res: Parameters<Middleware>[1]): void {
  res.statusCode = 202;
  res.end();
}
