// The contracts of the shop: what each route takes, gives and refuses. Which framework serves them is said elsewhere.
import { apiLimiter, authenticate, authLimiter, NotFoundError, route, routes, withCache } from '@express-micro/http';
import { z } from 'zod';
import { roles, sessions, tokens } from './accounts.js';

const Product = z.object({ sku: z.string().regex(/^[a-z0-9-]{2,40}$/), name: z.string().min(1), priceCents: z.int().positive() });
const catalog = new Map([['tea-1', { sku: 'tea-1', name: 'Green tea', priceCents: 450 }]]);

export const shopRoutes = routes({
  login: route(
    { method: 'POST', path: '/login', body: z.object({ email: z.email(), password: z.string() }), use: [authLimiter()] },
    ({ body }) => sessions.open({ login: body.email, password: body.password }),
  ),

  refresh: route(
    { method: 'POST', path: '/refresh', body: z.object({ refreshToken: z.string() }), use: [authLimiter()] },
    ({ body }) => sessions.renew(body.refreshToken),
  ),

  me: route({ method: 'GET', path: '/me', use: [authenticate(tokens)] }, ({ principal }) => ({
    id: principal.id,
    roles: principal.roles,
  })),

  listProducts: route(
    {
      method: 'GET',
      path: '/products',
      query: z.object({ maxCents: z.coerce.number().int().positive().optional() }),
      response: z.array(Product),
      use: [apiLimiter(), withCache(60)],
    },
    ({ query }) => [...catalog.values()].filter(({ priceCents }) => priceCents <= (query.maxCents ?? Number.POSITIVE_INFINITY)),
  ),

  getProduct: route({ method: 'GET', path: '/products/:sku', response: Product, use: [apiLimiter()] }, ({ params }) => {
    const product = catalog.get(params.sku);
    if (product === undefined) throw new NotFoundError(`There is no product "${params.sku}"`);
    return product;
  }),

  // #region contract
  createProduct: route(
    {
      method: 'POST',
      path: '/products',
      body: Product,
      response: Product,
      status: 201,
      errors: { SKU_TAKEN: { status: 409, data: z.object({ sku: z.string() }) } },
      use: [authenticate(tokens), roles.requirePermissions('products:write')],
    },
    ({ body, errors }) => {
      if (catalog.has(body.sku)) throw errors.SKU_TAKEN({ sku: body.sku });
      catalog.set(body.sku, body);
      return body;
    },
  ),
  // #endregion
});
