// #region validate
import { errorHandler, validate } from '@express-micro/http';
import express from 'express';
import { z } from 'zod';

export const app = express();
const NewOrder = z.object({ sku: z.string().min(1), count: z.number().int().positive().default(1) });
const Page = z.object({ limit: z.number().max(100).default(20), tag: z.array(z.string()).default([]) });

app.post('/orders', express.json(), validate({ body: NewOrder }), (req, res) => void res.status(201).json(req.body));
app.get('/orders', validate({ query: Page }), (req, res) => void res.json(req.query)); // ?limit=5&tag=new → { limit: 5, tag: ['new'] }
app.use(errorHandler());
// #endregion
