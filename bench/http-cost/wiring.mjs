// One route, wired twice: by the package, and by hand from what tutorials use. Both judge the same things, log each request into a file,
// and answer the same.
import express from 'express';
import { z } from 'zod';

export const SECRET = 'Zk3t-9sXq_vR7uW2yB5nE8hG1jM4pL6d';
const Order = z.object({
  sku: z.string().min(2).max(40),
  count: z.int().min(1).max(100),
  note: z.string().max(200).optional(),
  tags: z.array(z.string()).max(5),
});
const Params = z.object({ userId: z.coerce.number().int().positive() });
const Query = z.object({ dryRun: z.enum(['true', 'false']).default('false') });
/** Nobody is refused: what is compared is the asking. */
const LIMIT = 1_000_000_000;

/** @param {{ params: { userId: number }, query: { dryRun: string }, body: z.infer<typeof Order> }} request @param {string} by */
function placeOrder({ params, query, body }, by) {
  return { id: 7, userId: params.userId, by, dryRun: query.dryRun === 'true', ...body };
}

/** @param {string} folder */
export async function wireByPackage(folder) {
  const { authenticate, authorize, createTokens, errorHandler, mountRoutes, notFoundHandler, rateLimit, route, routes } =
    await import('@express-micro/http');
  const { createLogger, requestLogger } = await import('@express-micro/observability');
  const app = express();
  const logger = createLogger({ service: 'orders', level: 'http', console: false, files: { folder } });
  app.use(requestLogger(logger));
  const tokens = createTokens({ secret: SECRET, issuer: 'shop', audience: 'shop' });
  mountRoutes(
    app,
    routes({
      placeOrder: route(
        {
          method: 'POST',
          path: '/users/:userId/orders',
          params: Params,
          query: Query,
          body: Order,
          status: 201,
          use: [rateLimit({ limit: LIMIT, windowMs: 900_000 }), authenticate(tokens), authorize('clerk')],
        },
        (request) => placeOrder(request, request.principal.id),
      ),
    }),
  );
  app.use(notFoundHandler(), errorHandler());
  return app;
}

/** @param {string} folder */
export async function wireByHand(folder) {
  const { default: jwt } = await import('jsonwebtoken');
  const { rateLimit } = await import('express-rate-limit');
  const { wireByHand: logByHand } = await import('../peers/kinds/logging-by-hand.mjs');
  const app = express();
  logByHand(app, folder);
  app.use(express.json());
  app.use(rateLimit({ limit: LIMIT, windowMs: 900_000, standardHeaders: 'draft-8', legacyHeaders: false }));
  /** @type {import('express').RequestHandler} */
  const authenticate = (req, res, next) => {
    const [scheme, token] = (req.headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer' || token === undefined) return void res.status(401).json({ message: 'Authentication required' });
    try {
      const claims = jwt.verify(token, SECRET, { algorithms: ['HS256'], issuer: 'shop', audience: 'shop' });
      Object.assign(req, { user: claims });
      next();
    } catch {
      res.status(401).json({ message: 'Invalid token' });
    }
  };
  /** @type {import('express').RequestHandler} */
  const authorize = (req, res, next) => {
    const { user } = /** @type {any} */ (req);
    if (user?.roles?.includes('clerk')) next();
    else res.status(403).json({ message: 'Not allowed' });
  };
  /** @type {import('express').RequestHandler} */
  const validate = (req, res, next) => {
    const parts = { params: Params.safeParse(req.params), query: Query.safeParse(req.query), body: Order.safeParse(req.body) };
    const errors = Object.values(parts).flatMap(({ error }) =>
      (error?.issues ?? []).map(({ path, message }) => ({ field: path.join('.'), message })),
    );
    if (errors.length > 0) return void res.status(400).json({ message: 'Validation failed', errors });
    Object.assign(req, { valid: { params: parts.params.data, query: parts.query.data, body: parts.body.data } });
    next();
  };
  app.post('/users/:userId/orders', authenticate, authorize, validate, (req, res) => {
    const { valid, user } = /** @type {any} */ (req);
    res.status(201).json(placeOrder(valid, user.sub));
  });
  app.use((_req, res) => void res.status(404).json({ message: 'Not found' }));
  /** @type {import('express').ErrorRequestHandler} */
  const onError = (error, _req, res, _next) => void res.status(error.status ?? 500).json({ message: 'Internal Server Error' });
  app.use(onError);
  return app;
}

/** The route, and nothing around it. */
export function wireBare() {
  const app = express();
  app.use(express.json());
  app.post('/users/:userId/orders', (req, res) => {
    const params = { userId: Number(req.params.userId) };
    res.status(201).json(placeOrder({ params, query: { dryRun: 'false' }, body: req.body }, 'u1'));
  });
  return app;
}
