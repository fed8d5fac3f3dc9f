import type { Log } from '@express-micro/core';
import type { Request } from 'express';
import express from 'express';
import { expectTypeOf } from 'vitest';
import { accessLog, createLogger, type LevelName, type Logger, observability, requestId, requestLogger } from '../src/index.ts';

export function uses(logger: Logger): void {
  const app = express();
  expectTypeOf(observability(app).logger).toEqualTypeOf<Logger>();
  app.use(requestId(), accessLog('dev'), requestLogger(logger));
  observability(app, { logger: console, accessLog: { format: (tokens, req) => tokens.url?.(req, req as never) ?? '' } });
  observability(app, { levelEndpoint: { path: '/level', allow: (req) => req.headers.authorization === 'x' } });
  // @ts-expect-error whoever sets the level has to be allowed to
  observability(app, { levelEndpoint: { path: '/level' } });
  // @ts-expect-error a level that there is not
  createLogger({ level: 'loud' });
  // @ts-expect-error switching off is said with false
  createLogger({ files: 0 });
  expectTypeOf(logger.level).toEqualTypeOf<LevelName>();
  // What the mesh takes as its log.
  expectTypeOf(logger).toExtend<Log>();
}

export function lines(logger: Logger, req: Request, error: Error): void {
  logger.info('a', { n: 1 });
  logger.info({ n: 1 }, 'a');
  logger.error(error, req.url);
  logger.on('rotate', ({ file, next }) => logger.info(file, { next }));
  // @ts-expect-error no such event
  logger.on('rotated', () => {});
}
