// Middleware patterns: `node examples/patterns/middleware.js`, then http://localhost:3000/products twice.
import express from 'express';

const app = express();
const log = { info: console.log, warn: console.log, error: console.log };
const members = new Map([['Bearer t-ada', { name: 'Ada', discount: 10 }]]);

// #region pipeline
import { pipeline, provide, UnauthorizedError } from '@express-micro/http';

const loadMember = provide(async (req) => {
  const member = members.get(req.headers.authorization);
  if (member === undefined) throw new UnauthorizedError();
  return { member };
});
const showMember = pipeline(loadMember, (req, res) => res.end(`Hello ${req.member.name}`));
app.get('/me', showMember);

// #endregion

// #region cache
import { withCache, withLogging } from '@express-micro/http';

app.get('/products', withCache(60), async (_req, res) => res.json(await findProducts()));
app.get('/offers', withLogging(withCache(5)(listOffers), { log }));

// #endregion

// #region unless
import { composite, unless } from '@express-micro/http';

const membersOnly = composite('members only', loadMember, checkTerms);
app.use('/club', unless(['/club/welcome', '/club/assets/*'], membersOnly));

// #endregion

// #region chain
import { chain } from '@express-micro/http';

const priceOf = chain([memberPrice, salePrice], (item) => item.price);
app.get('/price', async (_req, res) => res.json({ price: await priceOf({ price: 20, isOnSale: true }) }));

function memberPrice({ price, member }) {
  return member === undefined ? undefined : price - member.discount;
}
async function salePrice({ price, isOnSale }) {
  return isOnSale ? price / 2 : undefined;
}
// #endregion

let searches = 0;
async function findProducts() {
  searches += 1;
  return [{ id: 1, name: 'Lamp', searches }];
}
function listOffers(_req, res) {
  res.json([]);
}
function checkTerms(_req, res, next) {
  res.setHeader('X-Terms', 'accepted');
  next();
}

app.get('/club/:page', (req, res) => res.send(req.params.page));
app.use((error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.message });
});

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
