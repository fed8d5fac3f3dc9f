// #region plain
import { openApiPages, validate } from '@express-micro/http';
import express from 'express';
import expressMicro from 'express-micro';
import { z } from 'zod';

export const app = express();
export const micro = expressMicro(app, { serviceName: 'users' });
const NewUser = z.object({ name: z.string() });
app.post('/users', express.json(), validate({ body: NewUser }), function createUser(req, res) {
  res.status(201).json(req.body);
});
app.get('/users/:id', (req, res) => void res.json({ id: req.params.id }));

const moreOfCreateUser = { method: 'POST', path: '/users', summary: 'A new user', status: 201 };
app.use(
  openApiPages({
    info: { title: 'Users', version: '1.0.0' },
    // What the mesh sees of the app, validate() among it; and what is known beyond that of one route.
    plainRoutes: () => [...micro.routes(), moreOfCreateUser],
  }),
);
// #endregion
