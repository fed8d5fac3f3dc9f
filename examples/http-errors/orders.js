// #region app
import { errorHandler, expressBase, NotFoundError, notFoundHandler } from '@express-micro/http';
import express from 'express';

const app = express();
const { port } = expressBase(app);

app.get('/orders/:id', (req) => {
  throw new NotFoundError(`No order ${req.params.id}`);
});

app.use('/shop', shop());
app.use(notFoundHandler(), errorHandler());
const server = app.listen(port, () => console.log(`orders at ${server.address().port}`));
// #endregion

process.once('SIGTERM', () => server.close());

import { AppError, asyncHandler, ConflictError } from '@express-micro/http';

function shop() {
  const shop = express.Router();
  // #region own
  shop.post('/orders', (req, res) => {
    const { sku, count } = req.body ?? {};
    if (sku === 'lamp') throw new ConflictError('Out of stock', { code: 'OUT_OF_STOCK', data: { sku } });
    if (count > 10) throw new AppError('No more than 10 a day', { status: 429, headers: { 'retry-after': '3600' } });
    res.status(201).json({ sku });
  });
  // #endregion
  // #region async
  shop.get(
    '/reports/:id',
    asyncHandler(async function getReport(req, res) {
      res.json(await readReport(req.params.id));
    }),
  );
  // #endregion
  return shop;
}

async function readReport(id) {
  if (id !== '1') throw new NotFoundError(`No report ${id}`);
  return { id };
}
