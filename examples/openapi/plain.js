// #region plain
import { openApiPages, validate } from '@express-micro/http';
import express from 'express';
import expressMicro from 'express-micro';
import { z } from 'zod';

export const app = express();
export const micro = expressMicro(app, { serviceName: 'users' });
const checkUser = validate({ body: z.object({ name: z.string() }) });
app.post('/users', express.json(), checkUser, function createUser(req, res) {
  res.status(201).json(req.body);
});
app.get('/users/:id', (req, res) => void res.json({ id: req.params.id }));

const moreOfCreateUser = { method: 'POST', path: '/users', use: [checkUser], summary: 'A new user', status: 201 };
app.use(
  openApiPages({
    info: { title: 'Users', version: '1.0.0' },
    // What the mesh sees of the app, and what is known beyond that of one route.
    plainRoutes: () => [...micro.routes(), moreOfCreateUser],
  }),
);
// #endregion
