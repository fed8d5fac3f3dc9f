import { once } from 'node:events';
// #region page
import { ApiResponse, errorHandler, pageLinks, pageOf, sendJson } from '@express-micro/http';
import express from 'express';

const app = express();
app.get('/orders', (req, res) => {
  const { page, limit, offset } = pageOf(req.query); // 400 for ?page=0 and ?limit=101
  const items = orders.slice(offset, offset + limit);
  const body = ApiResponse.paginated(items, { page, limit, total: orders.length });
  sendJson(res, body, { headers: { link: pageLinks(req, body.pagination) } });
});

// #endregion
// #region cursor
import { createCursors } from '@express-micro/http';

const cursors = createCursors({ secret: process.env.CURSOR_SECRET, scope: 'orders' });
app.get('/stream-of-orders', (req, res) => {
  const { after, limit } = cursors.read(req.query); // 400 for a cursor that is none of ours
  const rows = orders.filter(({ id }) => id > (after?.id ?? 0)).slice(0, limit + 1); // one more, to know whether there is more
  res.json(cursors.page(rows, limit, ({ id }) => ({ id })));
});

// #endregion
// #region conditional
import { conditional, etagOf } from '@express-micro/http';

app.put('/orders/:id', express.json(), (req, res) => {
  const order = orders[Number(req.params.id) - 1];
  conditional(req, res, { etag: etagOf(order.version), needsIfMatch: true }); // 428 without If-Match, 412 if it is another version
  Object.assign(order, { state: req.body.state, version: order.version + 1 });
  res.json(ApiResponse.success(order));
});
app.get('/orders/:id', (req, res) => {
  const order = orders[Number(req.params.id) - 1];
  if (conditional(req, res, { etag: etagOf(order.version) })) return; // 304
  res.json(ApiResponse.success(order));
});

// #endregion
// #region stream
import { asyncHandler, streamList } from '@express-micro/http';

app.get(
  '/export',
  asyncHandler((_req, res) => streamList(res, readOrders(), { format: 'ndjson' })),
);
// #endregion
app.use(errorHandler());

const orders = Array.from({ length: 45 }, (_, at) => ({ id: at + 1, state: 'paid', version: 1 }));
async function* readOrders() {
  yield* orders;
}

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const first = await (await fetch(`${url}/stream-of-orders?limit=40`)).json();
const second = await (await fetch(`${url}/stream-of-orders?limit=40&cursor=${first.pagination.next}`)).json();
const version = (await fetch(`${url}/orders/7`)).headers.get('etag');
const write = () =>
  fetch(`${url}/orders/7`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'if-match': version },
    body: JSON.stringify({ state: 'sent' }),
  });
console.log('pages', (await (await fetch(`${url}/orders?page=3`)).json()).pagination.pages);
console.log('cursors', first.data.length, second.data.length, second.pagination.next);
console.log('writes', (await write()).status, (await write()).status);
console.log('lines', (await (await fetch(`${url}/export`)).text()).split('\n').length - 1);
server.closeAllConnections();
server.close();
