import fastifyMicro from '@express-micro/fastify';
import { fastifyLogger } from '@express-micro/fastify/preset';
import { createLogger } from '@express-micro/observability';
import Fastify from 'fastify';
import { expect, it } from 'vitest';

process.env.EXPRESS_DISCOVERY_KEY ??= 'the-key-of-a-test-of-two-packages';

it('Fastify writes by the logger of observability, and its lines know their request', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = {
    write: (text: string) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => lines.push(JSON.parse(line))),
  };
  const logger = createLogger({ service: 'shop', level: 'info', console: false, stream });
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
  const of = (message: string) => lines.find((line) => line.message === message);
  expect(of('counted')).toMatchObject({ level: 'info', service: 'shop', pens: 2, reqId: 'id-1' });
  expect(of('as an error')).toMatchObject({ level: 'error', reqId: 'id-1' });
  expect(of('by itself')).toMatchObject({ requestId: 'id-1' });
  expect(of('request completed')).toMatchObject({ level: 'info', reqId: 'id-1' });
  await logger.close();
});
