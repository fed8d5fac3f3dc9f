import type express from 'express';
import type { FastifyInstance } from 'fastify';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { fastifyMiddleware } from '../src/fastify.ts';
import {
  ApiResponse,
  AppError,
  asyncHandler,
  createCursors,
  type ErrorAnswer,
  errorAnswers,
  errorHandler,
  expressBase,
  jsonBody,
  notFoundHandler,
  openApiPages,
  type PageResponse,
  pageOf,
  securityMiddleware,
  streamList,
  validate,
} from '../src/index.ts';

export function uses(app: express.Express): void {
  expectTypeOf(
    expressBase(app, { trustProxy: ['10.0.0.0/8'], helmet: { frameguard: false }, cors: { origins: '*' } }).port,
  ).toBeNumber();
  app.use(jsonBody({ maxBytes: '1mb' }), ...securityMiddleware({ compression: false }));
  app.get(
    '/orders/:id',
    asyncHandler(async (req, res) => {
      expectTypeOf(req.params.id).toBeString();
      res.json(ApiResponse.success(req.query.state));
    }),
  );
  app.get(
    '/orders',
    asyncHandler((_req, res) => streamList(res, [1, 2])),
  );
  app.use(notFoundHandler({ routes: () => [{ method: 'GET', paths: ['/'] }] }), errorHandler({ passRemoteStatus: [404] }));
  expectTypeOf(errorAnswers()(new AppError('No'), {} as express.Request)).toEqualTypeOf<ErrorAnswer>();

  // @ts-expect-error true trusts whatever a client writes
  expressBase(app, { trustProxy: true });
  // @ts-expect-error an option that there is not
  errorHandler({ stack: true });
  // @ts-expect-error what the library calls it is called differently here
  jsonBody({ limit: '1mb' });
  // @ts-expect-error a format that there is not
  void streamList({} as express.Response, [], { format: 'xml' });
}

export async function onFastify(app: FastifyInstance): Promise<void> {
  await app.register(fastifyMiddleware([openApiPages({ info: { title: 'Orders', version: '1' } })]));
  const answerOf = errorAnswers();
  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = answerOf(error, request.raw);
    return reply.code(status).headers(headers).send(body);
  });
}

export function validated(app: express.Express): void {
  const checkOrder = validate({ body: z.object({ sku: z.string() }), headers: z.object({ 'x-tenant': z.string() }) });
  app.post(
    '/orders',
    jsonBody(),
    checkOrder,
    asyncHandler(async (req, res) => {
      expectTypeOf(req.body).toEqualTypeOf<{ sku: string }>();
      res.json(req.body.sku);
    }),
  );
  app.use(openApiPages({ info: { title: 'Orders', version: '1' } }));
}

export function lists(): void {
  expectTypeOf(ApiResponse.paginated([{ id: 1 }], { ...pageOf({}), total: 1 })).toEqualTypeOf<PageResponse<{ id: number }>>();
  const cursors = createCursors<{ id: number }>({ secret: 'x', scope: 'orders' });
  expectTypeOf(cursors.read({}).after).toEqualTypeOf<{ id: number } | undefined>();
  const byTime = createCursors<{ id: number; at: Date }>({ secret: 'x', scope: 'orders' });
  byTime.encode({ id: 1, at: new Date() });
  // What comes back has been JSON.
  expectTypeOf(byTime.read({}).after).toEqualTypeOf<{ id: number; at: string } | undefined>();
  expectTypeOf(byTime.decode('x').at).toEqualTypeOf<string>();
  // @ts-expect-error a position of another kind
  cursors.encode({ id: 'a' });
  // @ts-expect-error a list has a name
  createCursors({ secret: 'x' });
}
