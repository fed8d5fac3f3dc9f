import fastifyMicro from '@express-micro/fastify';
import { fastifyLogger } from '@express-micro/fastify/preset';
import { createLogger } from '@express-micro/observability';
import Fastify from 'fastify';
import { expect, it } from 'vitest';

process.env.EXPRESS_DISCOVERY_KEY ??= 'the-key-of-a-test-of-two-packages';

function writing(level: 'info' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const stream = {
    write: (text: string) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => lines.push(JSON.parse(line))),
  };
  const logger = createLogger({ service: 'shop', level, console: false, stream });
  return { lines, logger, of: (message: string) => lines.find((line) => line.message === message) };
}

it('Fastify writes by the logger of observability, and its lines know their request', async () => {
  const { of, logger } = writing();
  const app = Fastify({ loggerInstance: fastifyLogger(logger) });
  await app.register(fastifyMicro, { serviceName: 'shop', log: logger });
  app.get('/pens', async (request) => {
    request.log.info({ pens: 2 }, 'counted');
    request.log.fatal('as an error');
    await new Promise((resolve) => setImmediate(resolve));
    logger.info('by itself');
    return [];
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  await (await fetch(`${app.listeningOrigin}/pens`, { headers: { 'x-request-id': 'id-1' } })).text();
  await app.close();
  logger.flush();
  expect(of('counted')).toMatchObject({ level: 'info', service: 'shop', pens: 2, reqId: 'id-1' });
  expect(of('as an error')).toMatchObject({ level: 'error', reqId: 'id-1' });
  expect(of('by itself')).toMatchObject({ requestId: 'id-1' });
  expect(of('request completed')).toMatchObject({ level: 'info', reqId: 'id-1' });
  await logger.close();
});

it('levels and serializers of a route or a context hold, and requests are written as Fastify writes them', async () => {
  const { lines, of, logger } = writing('debug');
  const app = Fastify({ loggerInstance: fastifyLogger(logger) });
  const say = (path: string, options: object = {}) =>
    app.get(path, options, async ({ log }) => {
      log.debug(`${path} debug`);
      log.info({ user: { id: 7, name: 'Ada' }, other: 1 }, `${path} info`);
      log.error({ user: { id: 8 } }, `${path} error`);
      return path;
    });
  say('/all', { logSerializers: { user: ({ id }: { id: number }) => `user ${id}` } });
  say('/errors', { logLevel: 'error' });
  say('/none', { logLevel: 'silent' });
  app.register(
    async (child) => {
      child.get('/in', async ({ log }) => void log.info('/quiet/in info'));
    },
    { prefix: '/quiet', logLevel: 'warn' },
  );
  for (const path of ['/all', '/errors', '/none', '/quiet/in'])
    await app.inject({ url: path, headers: { host: 'shop.example' } });
  await app.close();
  logger.flush();
  const messages = lines.map(({ message }) => message);
  expect(messages).toEqual(['incoming request', '/all debug', '/all info', '/all error', 'request completed', '/errors error']);
  expect(of('incoming request')?.req).toMatchObject({ method: 'GET', url: '/all', host: 'shop.example' });
  expect(Object.keys(of('incoming request')?.req as object)).not.toContain('raw');
  expect(of('request completed')?.res).toEqual({ statusCode: 200 });
  expect(of('/all info')).toMatchObject({ user: 'user 7', other: 1 });
  expect(of('/errors error')).toMatchObject({ user: { id: 8 } });
  await logger.close();
});
