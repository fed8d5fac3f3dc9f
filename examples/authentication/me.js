// #region line
import { authenticate, authorize } from '@express-micro/http';
import express from 'express';

const app = express();
const user = authenticate({ secret: process.env.JWT_SECRET, issuer: 'https://shop.example', audience: 'shop' });

app.get('/me', user, (req, res) => res.json(req.user));
app.delete('/users/:id', user, authorize('admin'), (_req, res) => res.sendStatus(204));
// #endregion

const server = app.listen(process.env.PORT ?? 3000, () => console.log(`at http://localhost:${server.address().port}`));
