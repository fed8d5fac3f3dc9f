import { describe, expect, it } from 'vitest';
import type { RouteDescriptor } from './descriptor.ts';
import { nameRoutes, type RouteTable } from './naming.ts';

/** `GET /users,/people fetchUser` → a descriptor. */
function route(line: string): RouteDescriptor {
  const [method = '', paths = '', handler, contract] = line.split(' ');
  return { method, paths: paths.split(','), ...(handler && handler !== '-' && { handler }), ...(contract && { contract }) };
}

function table(...lines: string[]): RouteTable {
  return nameRoutes(lines.map(route));
}

/** The functions of each route, in the order of the routes. */
function functions(...lines: string[]): string[][] {
  return table(...lines).routes.map((named) => [...named.functions]);
}

/** Where a name leads: `GET /users`, or all that it could be, or nowhere. */
function leads(to: RouteTable, name: string): string | string[] | undefined {
  const found = to.find(name);
  if (found === undefined) return undefined;
  if (found.kind === 'ambiguous') return found.routes.map(({ method, paths }) => `${method} ${paths[0]}`);
  return `${found.method} ${found.route.paths[0]}`;
}

describe('a name derived from method and path', () => {
  it.each([
    // The table of row E6.
    ['GET /users/:id', ['getUser', 'getUsers']],
    ['GET /users', ['getUsers', 'listUsers']],
    ['GET /orders/:userId', ['getOrder', 'getOrders']],
    ['POST /orders', ['createOrder']],
    ['PUT /users/:id', ['updateUser']],
    ['PATCH /users/:id', ['patchUser', 'updateUser']],
    ['DELETE /users/:id', ['deleteUser']],
    ['GET /users/:id/orders', ['getUserOrders', 'listUserOrders']],
    // What the row leaves open.
    ['GET /users/:userId/orders/:orderId', ['getUserOrder', 'getUserOrders']],
    ['POST /users/:id/orders', ['createUserOrder']],
    ['POST /orders/:id/cancel', ['createOrderCancel']],
    ['POST /login', ['createLogin']],
    ['GET /health', ['getHealth']],
    ['GET /', ['getRoot']],
    ['POST /', ['createRoot']],
    ['GET /:slug', ['getBySlug']],
    ['GET /:from/:to', ['getByFromAndTo']],
    ['GET /*splat', ['getBySplat']],
    ['HEAD /users/:id', ['headUser']],
    ['OPTIONS /users', ['optionsUsers']],
    ['PURGE /users/:id', ['purgeUser']],
    ['M-SEARCH /users', ['mSearchUsers']],
    ['PUT /settings', ['updateSettings']],
    ['DELETE /cart', ['deleteCart']],
    ['GET /files/*path', ['getFile', 'getFiles']],
    ['GET /flights/:from-:to', ['getFlight', 'getFlights']],
    ['GET /users/:id.json', ['getUser', 'getUsers']],
    ['GET /order-items/:id', ['getOrderItem', 'getOrderItems']],
    ['GET /orderItems', ['getOrderItems', 'listOrderItems']],
    ['GET /Order_Items', ['getOrderItems', 'listOrderItems']],
    ['GET /people/:id', ['getPerson', 'getPeople']],
    ['GET /news', ['getNews', 'listNews']],
    ['GET /news/:id', ['getNewsById', 'getNews']],
    ['POST /news', ['createNews']],
    ['GET /.well-known/jwks.json', ['getWellKnownJwksJson', 'getJwksJson']],
    ['GET /caf%C3%A9s', ['getCafés', 'listCafés']],
    // Segments before the last noun.
    ['GET /shop/products/:id', ['getShopProduct', 'getShopProducts', 'getProduct']],
    ['GET /shop/products', ['getShopProducts', 'listShopProducts', 'getProducts', 'listProducts']],
    ['GET /users/:id/settings/alerts', ['getUserSettingsAlerts', 'listUserSettingsAlerts', 'getUserAlerts', 'listUserAlerts']],
    ['GET /users/me', ['getUsersMe', 'getMe']],
    // The prefix.
    ['GET /api/v1/users/:id', ['getUser', 'getUsers']],
    ['GET /v12/users', ['getUsers', 'listUsers']],
    ['GET /api/users', ['getUsers', 'listUsers']],
    ['GET /api', ['getApi']],
    ['GET /api/:id', ['getApi', 'getApis']],
    ['GET /shop/v1/pens', ['getShopV1Pens', 'listShopV1Pens', 'getPens', 'listPens']],
    ['GET /vip/users', ['getVipUsers', 'listVipUsers', 'getUsers', 'listUsers']],
  ])('%s → %s', (line, names) => {
    expect(new Set(functions(line)[0])).toEqual(new Set(names));
  });

  it('is updateUser for a PATCH only where no PUT stands on the same path', () => {
    expect(functions('PUT /users/:userId', 'PATCH /users/:id')).toEqual([['updateUser'], ['patchUser']]);
    expect(functions('PATCH /users/:id', 'ALL /users/:id')[0]).toEqual(['patchUser']);
    expect(functions('PUT /users/:userId/photo', 'PATCH /users/:id')[1]).toEqual(['patchUser', 'updateUser']);
  });

  it('makes a collection of a singular word that has items below it', () => {
    const user = table('GET /user', 'GET /user/:id', 'POST /user', 'PUT /user/:id');
    expect(user.routes.map((one) => one.functions)).toEqual([
      ['getUsers', 'listUsers'],
      ['getUser'],
      ['createUser'],
      ['updateUser'],
    ]);
    expect(functions('GET /user', 'PUT /user/:id')[0]).toEqual(['getUsers', 'listUsers', 'getUser']);
  });
});

describe('the precedence of names', () => {
  it('is contract, handler, derived, and all of them lead to the route', () => {
    expect(functions('GET /users/:id fetchUser readUser')).toEqual([['readUser', 'fetchUser', 'getUser', 'getUsers']]);
  });

  it('lets the higher rank win without an error', () => {
    const byHandler = table('GET /users/:id', 'GET /accounts/:id getUser');
    expect(leads(byHandler, 'getUser')).toBe('GET /accounts/:id');
    const byContract = table('GET /accounts/:id getUser', 'GET /people/:id - getUser');
    expect(leads(byContract, 'getUser')).toBe('GET /people/:id');
    expect(byContract.routes[0]?.clashes).toBeUndefined();
  });

  it('makes two of the same rank an error that lists both', () => {
    const same = table('GET /a/:id show', 'GET /b/:id show', 'GET /c/:id');
    expect(leads(same, 'show')).toEqual(['GET /a/:id', 'GET /b/:id']);
    expect(same.routes.map((one) => one.clashes)).toEqual([['show'], ['show'], undefined]);
    expect(same.names()).not.toContain('show');
    expect(leads(same, 'getA')).toBe('GET /a/:id');
    expect(leads(table('GET /orders/:id', 'GET /orders/:userId/:day'), 'getOrder')).toEqual([
      'GET /orders/:id',
      'GET /orders/:userId/:day',
    ]);
    expect(leads(table('POST /users', 'POST /users/:id'), 'createUser')).toEqual(['POST /users', 'POST /users/:id']);
  });

  it('gives a derived name to a route with an own name only where nobody else claims it', () => {
    expect(leads(table('GET /users/:id fetchUser', 'GET /users/:id/:day'), 'getUser')).toBe('GET /users/:id/:day');
    expect(leads(table('GET /users/:id fetchUser'), 'getUser')).toBe('GET /users/:id');
    // A name that is shared is nobody's own.
    expect(leads(table('GET /users/:id wrapped', 'GET /users/:id/:day', 'GET /x wrapped'), 'getUser')).toHaveLength(2);
  });

  it('takes two routes of the same method and path for one request', () => {
    const guarded = table('GET /users requireLogin', 'GET /users findAll', 'ALL /pens guard', 'GET /pens');
    expect(leads(guarded, 'getUsers')).toBe('GET /users');
    expect(leads(guarded, 'findAll')).toBe('GET /users');
    expect(leads(guarded, 'getPens')).toBe('GET /pens');
    const anonymous = table('ALL /pens', 'GET /pens').find('getPens');
    expect(anonymous?.kind === 'route' && anonymous.route.method).toBe('GET');
  });
});

describe('collection and item', () => {
  it('share the plural and the singular between them', () => {
    const orders = table('GET /orders/:userId', 'GET /orders');
    expect(leads(orders, 'getOrders')).toBe('GET /orders');
    expect(leads(orders, 'listOrders')).toBe('GET /orders');
    expect(leads(orders, 'getOrder')).toBe('GET /orders/:userId');
  });

  it('leave the plural to the item only while no collection claims it', () => {
    expect(leads(table('GET /orders/:userId'), 'getOrders')).toBe('GET /orders/:userId');
    expect(leads(table('GET /orders/:userId', 'GET /shop/orders'), 'getOrders')).toBe('GET /shop/orders');
    expect(leads(table('GET /orders/:userId', 'GET /orders findThem'), 'getOrders')).toBe('GET /orders');
  });

  it.each([
    ['GET /orders', 'getOrders'],
    ['GET /orders getOrders', 'getOrders'],
    ['GET /orders fetchOrders', 'getOrders'],
    ['GET /shop/orders', 'getOrders'],
  ])('the item is a rival for the plural that %s owns', (collection, name) => {
    const found = table('GET /orders/:userId', collection).find(name);
    expect(found?.kind === 'route' && found.rivals.map((rival) => rival.paths[0])).toEqual(['/orders/:userId']);
  });

  it('have no rivals where there is none', () => {
    for (const [lines, name] of [
      [['GET /orders/:userId'], 'getOrders'],
      [['GET /orders/:userId', 'GET /orders'], 'listOrders'],
      [['GET /orders/:userId', 'GET /orders'], 'getOrder'],
      [['GET /orders/:userId', 'GET /reports getOrders'], 'getOrders'],
    ] as const) {
      const found = table(...lines).find(name);
      expect(found?.kind === 'route' && found.rivals).toEqual([]);
    }
  });

  it('of a word without a plural share it in the same way', () => {
    const news = table('GET /news/:id', 'GET /news');
    expect(leads(news, 'getNews')).toBe('GET /news');
    expect(leads(news, 'getNewsById')).toBe('GET /news/:id');
    const found = news.find('getNews');
    expect(found?.kind === 'route' && found.rivals).toHaveLength(1);
  });
});

describe('a leading api or version', () => {
  it('comes back where names clash without it', () => {
    const pens = table('GET /v1/pens/:id', 'GET /v2/pens/:id');
    expect(leads(pens, 'getV1Pen')).toBe('GET /v1/pens/:id');
    expect(leads(pens, 'getV2Pen')).toBe('GET /v2/pens/:id');
    expect(leads(pens, 'getPen')).toEqual(['GET /v1/pens/:id', 'GET /v2/pens/:id']);
    expect(pens.names()).toEqual(['getV1Pen', 'getV1Pens', 'getV2Pen', 'getV2Pens']);
  });

  it('comes back as far as it has to', () => {
    expect(table('GET /api/v1/pens/:id', 'GET /api/v2/pens/:id').names()).toContain('getV1Pen');
    const both = table('GET /api/v1/pens/:id', 'GET /v1/pens/:id');
    expect(leads(both, 'getV1Pen')).toBe('GET /v1/pens/:id');
    expect(leads(both, 'getApiV1Pen')).toBe('GET /api/v1/pens/:id');
    const plain = table('GET /pens/:id', 'GET /api/pens/:id');
    expect(leads(plain, 'getPen')).toBe('GET /pens/:id');
    expect(leads(plain, 'getApiPen')).toBe('GET /api/pens/:id');
  });

  it('comes back where a handler has the short name', () => {
    const pens = table('GET /v1/pens/:id', 'GET /cups/:id getPen');
    expect(leads(pens, 'getPen')).toBe('GET /cups/:id');
    expect(leads(pens, 'getV1Pen')).toBe('GET /v1/pens/:id');
  });

  it('comes back for every verb of a version', () => {
    const names = table('POST /v1/pens', 'POST /v2/pens', 'DELETE /v2/pens/:id').names();
    expect(names).toEqual(['createV1Pen', 'createV2Pen', 'deletePen']);
  });
});

describe('app.all', () => {
  it("takes every verb's derived name, and its own name leaves the method open", () => {
    const all = table('ALL /pens handlePens');
    const names = ['getPens', 'listPens', 'createPen', 'updatePens', 'patchPens', 'deletePens', 'headPens', 'optionsPens'];
    expect(new Set(all.names())).toEqual(new Set(['handlePens', ...names]));
    expect(leads(all, 'createPen')).toBe('POST /pens');
    expect(leads(all, 'deletePens')).toBe('DELETE /pens');
    expect(leads(all, 'handlePens')).toBe('undefined /pens');
  });
});

describe('an array of paths', () => {
  it('is one route with the names of each path', () => {
    expect(functions('GET /users/:id,/people/:id')).toEqual([['getUser', 'getUsers', 'getPerson', 'getPeople']]);
    expect(functions('GET /users/:id,/users')).toEqual([['getUser', 'getUsers', 'listUsers']]);
    const found = table('GET /users/:id,/users').find('getUsers');
    expect(found?.kind === 'route' && found.rivals).toEqual([]);
  });
});

describe('names that cannot be', () => {
  it.each(['then', 'catch', 'finally', 'toJSON', 'constructor', 'prototype', '__proto__', 'bound then', 'toString', 'valueOf'])(
    '%s is refused with a reason, and the route keeps its other names',
    (name) => {
      const one = nameRoutes([{ method: 'GET', paths: ['/pens'], handler: name }]);
      expect(one.find(name)).toBeUndefined();
      expect(one.routes[0]?.refused).toMatch(/belongs to JavaScript/);
      expect(one.names()).toEqual(['getPens', 'listPens']);
    },
  );

  it.each(['', 'my-handler', '1st', 'a b', 'x'.repeat(200), '<anonymous>'])(
    '%j is no identifier and names nothing',
    (handler) => {
      expect(nameRoutes([{ method: 'GET', paths: ['/pens'], handler }]).names()).toEqual(['getPens', 'listPens']);
    },
  );

  it('loses the word bound, however often it stands there', () => {
    expect(nameRoutes([{ method: 'GET', paths: ['/x'], handler: 'bound bound show' }]).names()).toEqual(['getX', 'show']);
  });

  it('leaves a route that cannot be called in the list, with its reason', () => {
    const routes: RouteDescriptor[] = [
      { method: 'GET', paths: ['^\\/re'], handler: 'show', uncallable: 'regular expression' },
      { method: 'GET', paths: ['/a/../b'] },
      { method: 'GET', paths: ['/a/*x/b/*y'] },
      { method: 'GET', paths: ['/pens'] },
    ];
    const named = nameRoutes(routes);
    expect(named.routes.map((one) => one.uncallable)).toEqual([
      'regular expression',
      expect.stringMatching(/not a segment/),
      expect.stringMatching(/more than one wildcard/),
      undefined,
    ]);
    expect(named.names()).toEqual(['getPens', 'listPens']);
  });
});

describe('two thousand routes', () => {
  it('are named in a moment, also when all of them want the same name', () => {
    for (const line of [
      (index: number) => `GET /v1/things-${index}/:id handler${index}`,
      (index: number) => `ALL /api/v${index}/pens/:id sameHandler`,
      () => 'GET /pens/:id same',
    ]) {
      const start = performance.now();
      expect(nameRoutes(Array.from({ length: 2_000 }, (_, index) => route(line(index)))).routes).toHaveLength(2_000);
      expect(performance.now() - start).toBeLessThan(4_000);
    }
  });
});
